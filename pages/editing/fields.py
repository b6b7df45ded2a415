"""Form fields for content: numbers, dates and texts in Swedish formats, positions and slugs."""

from itertools import chain, count

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db import models
from django.utils.html import format_html
from django.utils.text import capfirst, slugify

from blekinge_site.formats import (
    AmountField,
    CountField,
    DayField,
    LinesField,
    MomentField,
    MomentInput,
)
from blekinge_site.staff.addresses import admin_address
from pages.models import Page
from pages.publishing.ordered import LAST_POSITION
from pages.publishing.richtext import RichTextField


def free_slug(obj, cleaned_data):
    """Return a slug for `obj` that no other object of its model has, from the name in `cleaned_data`."""
    name = cleaned_data.get("name_sv") or cleaned_data.get("title_sv") or ""
    base = slugify(name)[:90] or slugify(obj._meta.verbose_name)
    slug_fields = {field.name for field in obj._meta.fields} & {"slug", "slug_en"}
    taken = {slug for row in type(obj).objects.values_list(*slug_fields) for slug in row}
    numbered = (f"{base}-{number}" for number in count(2))
    return next(slug for slug in chain([base], numbered) if slug and slug not in taken)


class PositionField(forms.IntegerField):
    """A position among siblings. An empty one means last."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs | {"required": False})

    def clean(self, value):
        position = super().clean(value)
        return LAST_POSITION if position is None else position


def is_english(db_field):
    """Return whether the model field `db_field` holds English text."""
    return getattr(db_field, "language", None) == "en" or db_field.name == "slug_en"


FORM_FIELDS = {
    models.DecimalField: {"form_class": AmountField},
    models.PositiveIntegerField: {"form_class": CountField},
    models.DateField: {"form_class": DayField, "widget": forms.TextInput},
    models.DateTimeField: {"form_class": MomentField, "widget": MomentInput},
    models.TextField: {"form_class": LinesField},
    RichTextField: {"widget": AdminTextareaWidget},  # keeps its own form field
}


class ContentFields:
    """Gives an admin or inline the form fields in `FORM_FIELDS`."""

    formfield_overrides = FORM_FIELDS

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "position":
            kwargs["form_class"] = PositionField
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and (hasattr(db_field, "translated_field") or db_field.name == "slug"):
            field.required = False  # a draft may be incomplete; publishing checks it
        if field and is_english(db_field):
            field.widget.attrs["lang"] = "en"  # for screen readers and spell checkers
        if field and isinstance(db_field, RichTextField):
            language = getattr(db_field, "language", settings.LANGUAGE_CODE)
            address = admin_address(Page, "links", query={"sprak": language})
            field.widget.attrs["data-links"] = address
            field.help_text = format_html(
                '{} <a href="{}">Adresser att länka till</a>', field.help_text, address
            )
        if isinstance(field, forms.FileField):
            # Django labels the group around a file field, but not the field itself.
            field.widget.attrs["aria-label"] = capfirst(field.label)
        return field
