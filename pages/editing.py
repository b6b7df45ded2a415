"""How staff edit anything on the site: what every admin class of ours has in common."""

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import capfirst
from modeltranslation.admin import TranslationAdmin, TranslationTabularInline
from modeltranslation.translator import translator

from blekinge_site.formats import AmountField, CountField, DayField, MomentField
from pages.publishing import Publishable

LAST = 32000  # a position behind every other


class PositionField(forms.IntegerField):
    """A place in an order; left empty, the last."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs | {"required": False})

    def clean(self, value):
        found = super().clean(value)
        return LAST if found is None else found


def renumber(model, **parent):
    """Give the rows of `model` below `parent` the positions 1, 2, 3 … in the order that they have."""
    for number, row in enumerate(
        model.objects.filter(**parent).order_by("position", "pk"), start=1
    ):
        if row.position != number:
            model.objects.filter(pk=row.pk).update(position=number)


FORM_FIELDS = {
    models.DecimalField: {"form_class": AmountField},
    models.PositiveIntegerField: {"form_class": CountField},
    models.DateField: {"form_class": DayField, "widget": forms.TextInput},
    models.DateTimeField: {"form_class": MomentField, "widget": forms.TextInput},
}


class MissingEnglishFilter(admin.SimpleListFilter):
    """Lists what has Swedish text without an English one."""

    title = "engelska"
    parameter_name = "engelska"

    def lookups(self, request, model_admin):
        return [("saknas", "Saknar engelska")]

    def queryset(self, request, queryset):
        if self.value() != "saknas":
            return queryset
        missing = Q()
        for field in translator.get_options_for_model(queryset.model).fields:
            no_english = Q(**{f"{field}_en": ""}) | Q(**{f"{field}_en": None})
            no_swedish = Q(**{f"{field}_sv": ""}) | Q(**{f"{field}_sv": None})
            missing |= no_english & ~no_swedish
        return queryset.filter(missing)


def side_by_side(fields):
    """Return `fields` with each Swedish field and its English one as a pair, to stand on one row."""
    paired, rest = [], list(fields)
    while rest:
        name = rest.pop(0)
        if isinstance(name, str) and rest and name.endswith("_sv") and rest[0] == name[:-3] + "_en":
            name = (name, rest.pop(0))
        paired.append(name)
    return paired


class ContentFields:
    """The form fields that every form of ours uses: numbers and dates as Swedes write them."""

    formfield_overrides = FORM_FIELDS

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "position":
            kwargs["form_class"] = PositionField
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, forms.FileField):
            # Django names the group around a file field, and leaves the field itself without a name.
            field.widget.attrs["aria-label"] = capfirst(field.label)
        return field


def may_publish(user, publishable):
    """Tell whether `user` may decide what visitors see of things like `publishable`."""
    meta = publishable._meta
    return user.has_perm(f"{meta.app_label}.publish_{meta.model_name}")


def may_touch(user, obj):
    """Tell whether `user` may change `obj`: a draft, or anything for those who may publish."""
    publishable = obj.publishable()
    return publishable.is_being_prepared or may_publish(user, publishable)


class PublishedTogether:
    """An admin of something published with others: guarded once it is, and its changes are theirs too.

    What is published, or is to be, is left to those who may publish. A change notes itself on the
    publishable; saving a form as it was is no change.
    """

    def has_change_permission(self, request, obj=None):
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or may_touch(request.user, obj))

    def has_delete_permission(self, request, obj=None):
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or may_touch(request.user, obj))

    def save_model(self, request, obj, form, change):
        # A new part chooses its parent in the form, which may be something published.
        if not may_touch(request.user, obj):
            raise PermissionDenied
        if form.has_changed() or not change:
            super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if form.has_changed() or any(formset.has_changed() for formset in formsets):
            form.instance.publishable().touch()

    def delete_model(self, request, obj):
        publishable = obj.publishable()
        super().delete_model(request, obj)
        publishable.touch()

    def delete_queryset(self, request, queryset):
        publishables = [obj.publishable() for obj in queryset]
        super().delete_queryset(request, queryset)
        for publishable in publishables:
            publishable.touch()


class ContentAdmin(PublishedTogether, ContentFields, TranslationAdmin):
    """Anything that belongs to a publishable: both languages side by side, links up and to the site."""

    parent_field = None
    # What an address is made of: it stays as it is once visitors may have it.
    address_fields = ()
    has_address = False

    class Media:
        js = ["js/reorder.js"]

    def get_object(self, request, object_id, from_field=None):
        obj = super().get_object(request, object_id, from_field)
        if obj is not None:
            obj.is_open_to_user = may_touch(request.user, obj)  # for templates, which see no user
        return obj

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == self.parent_field:
            parents = kwargs.get("queryset", db_field.related_model.objects)
            open_to_user = [one.pk for one in parents.all() if may_touch(request.user, one)]
            kwargs["queryset"] = parents.filter(pk__in=open_to_user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_fieldsets(self, request, obj=None):
        return [
            (title, options | {"fields": side_by_side(options["fields"])})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def get_list_filter(self, request):
        return [*super().get_list_filter(request), MissingEnglishFilter]

    def get_readonly_fields(self, request, obj=None):
        fields = list(super().get_readonly_fields(request, obj))
        if issubclass(self.model, Publishable) and not may_publish(request.user, self.model):
            fields += ["status", "publish_at", "unpublish_at"]
        if obj is None:
            return fields
        if self.parent_field:
            fields.append(self.parent_field)
        if obj.publishable().has_been_published:
            fields += [name for name in self.address_fields if getattr(obj, name)]
        return fields

    def get_prepopulated_fields(self, request, obj=None):
        readonly = self.get_readonly_fields(request, obj)
        prepopulated = super().get_prepopulated_fields(request, obj)
        return {name: of for name, of in prepopulated.items() if name not in readonly}

    def has_delete_permission(self, request, obj=None):
        # A published address answers for good.
        if self.has_address and obj is not None and obj.publishable().has_been_published:
            return False
        return super().has_delete_permission(request, obj)

    def view_on_site(self, obj):
        if not obj.publishable().is_published or not hasattr(obj, "get_absolute_url"):
            return None
        return obj.get_absolute_url()

    def lineage(self, obj):
        """Return what `obj` lies in, outermost first: `[(name, address of its admin page), …]`."""
        if not self.parent_field:
            return []
        parent = getattr(obj, self.parent_field)
        meta = parent._meta
        address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[parent.pk])
        return [*self.admin_site.get_model_admin(type(parent)).lineage(parent), (parent, address)]

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        context["lineage"] = [
            (capfirst(str(name)), address) for name, address in (self.lineage(obj) if obj else [])
        ]
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def response_post_save_add(self, request, obj):
        return self.response_post_save_change(request, obj)

    def response_post_save_change(self, request, obj):
        # Back to where the work is: a filtered list, or the whole that this is a part of.
        lineage = self.lineage(obj)
        if lineage and "_changelist_filters" not in request.GET:
            return redirect(lineage[0][1])
        return super().response_post_save_change(request, obj)

    def save_formset(self, request, form, formset, change):
        super().save_formset(request, form, formset, change)
        if hasattr(formset.model, "position"):
            renumber(formset.model, **{formset.fk.name: form.instance})

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if hasattr(form.instance, "position"):
            parent = {self.parent_field: getattr(form.instance, self.parent_field)}
            renumber(type(form.instance), **parent)


class OrderedInline(ContentFields, TranslationTabularInline):
    """Rows in an order that buttons change; a new row without a number comes last."""

    extra = 0
    view_on_site = False  # the row's own page offers that, where it is published

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(field.widget, forms.Textarea):
            field.widget.attrs["rows"] = 3
        return field


class OrderInline(OrderedInline):
    """Rows to put in order and open; each is added, and edited whole, on a page of its own."""

    show_change_link = True
    can_delete = False

    def has_add_permission(self, request, obj=None):
        return False
