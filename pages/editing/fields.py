"""The form fields of everything that staff edit: numbers, dates and texts as they write them."""

from itertools import chain, count

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db import models
from django.utils.text import capfirst, slugify

from blekinge_site.formats import AmountField, CountField, DayField, LinesField, MomentField
from pages.publishing.richtext import RichTextField

LAST = 32000  # a position behind every other


def free_slug(thing, written):
    """Return a word for the address of `thing`, made of its name as `written`, that no other one has."""
    said = written.get("name_sv") or written.get("title_sv") or ""
    word = slugify(said)[:90] or slugify(thing._meta.verbose_name)
    names = {field.name for field in thing._meta.fields} & {"slug", "slug_en"}
    taken = {slug for row in type(thing).objects.values_list(*names) for slug in row}
    numbered = (f"{word}-{number}" for number in count(2))
    return next(slug for slug in chain([word], numbered) if slug and slug not in taken)


class PositionField(forms.IntegerField):
    """A place in an order; left empty, the last."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs | {"required": False})

    def clean(self, value):
        found = super().clean(value)
        return LAST if found is None else found


FORM_FIELDS = {
    models.DecimalField: {"form_class": AmountField},
    models.PositiveIntegerField: {"form_class": CountField},
    models.DateField: {"form_class": DayField, "widget": forms.TextInput},
    models.DateTimeField: {"form_class": MomentField, "widget": forms.TextInput},
    models.TextField: {"form_class": LinesField},
    RichTextField: {"widget": AdminTextareaWidget},  # has a form field of its own
}


class ContentFields:
    """The form fields that every form of ours uses: numbers and dates as Swedes write them."""

    formfield_overrides = FORM_FIELDS

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "position":
            kwargs["form_class"] = PositionField
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and (hasattr(db_field, "translated_field") or db_field.name == "slug"):
            field.required = False  # a draft may lack words; publishing asks for them
        if isinstance(field, forms.FileField):
            # Django names the group around a file field, and leaves the field itself without a name.
            field.widget.attrs["aria-label"] = capfirst(field.label)
        return field
