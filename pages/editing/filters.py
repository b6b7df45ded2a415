"""Filters for the lists in the admin."""

from django.contrib import admin
from django.db.models import Q
from modeltranslation.translator import translator


def missing_english(rows):
    """Return the `rows` where a translated field has Swedish text but no English text."""
    missing = Q()
    for field in translator.get_options_for_model(rows.model).fields:
        no_english = Q(**{f"{field}_en": ""}) | Q(**{f"{field}_en": None})
        no_swedish = Q(**{f"{field}_sv": ""}) | Q(**{f"{field}_sv": None})
        missing |= no_english & ~no_swedish
    return rows.filter(missing)


class MissingEnglishFilter(admin.SimpleListFilter):
    """Shows only objects that have Swedish text without an English translation."""

    title = "engelska"
    parameter_name = "engelska"

    def lookups(self, request, model_admin):
        return [("saknas", "Saknar engelska")]

    def queryset(self, request, queryset):
        return missing_english(queryset) if self.value() == "saknas" else queryset


class LatestVersionsFilter(admin.RelatedFieldListFilter):
    """Filters on a publishable. The choices are the latest version of each."""

    def field_choices(self, field, request, model_admin):
        latest = field.related_model.objects.latest_versions()
        return [(publishable.pk, str(publishable)) for publishable in latest]
