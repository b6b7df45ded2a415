"""How staff edit anything on the site: what every admin class of ours has in common."""

import time

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db import models, transaction
from django.http import Http404
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.safestring import mark_safe
from django.utils.text import capfirst
from modeltranslation.admin import TranslationAdmin, TranslationTabularInline

from blekinge_site.staff.addresses import admin_address, change_address
from pages.editing.conflicts import (
    SEEN,
    fingerprint,
    note_closed,
    note_open,
    overtaken,
    with_rows_that_are,
    written,
)
from pages.editing.fields import ContentFields, free_slug
from pages.editing.filters import MissingEnglishFilter
from pages.editing.permissions import DraftPermissionsMixin, is_open, last_published
from pages.editing.saving import RecordedChangesMixin
from pages.publishing.ordered import renumber
from pages.publishing.preview import in_both_languages
from pages.publishing.richtext import RichTextField
from pages.publishing.uploads import forget_files


def side_by_side(fields):
    """Return `fields` with each Swedish field and its English one as a pair, to stand on one row."""
    paired, rest = [], list(fields)
    while rest:
        name = rest.pop(0)
        if isinstance(name, str) and rest and name.endswith("_sv") and rest[0] == name[:-3] + "_en":
            name = (name, rest.pop(0))
        paired.append(name)
    return paired


PREVIEW = "_preview"  # the name of the button

DISK_IS_FAILING = (
    "Filen kunde inte sparas, eftersom servern inte har plats för den just nu. Inget är sparat. Säg till"
    " den som sköter webbplatsen, och försök sedan igen: välj filen på nytt."
)


def keep_files_out(thing):
    """Let the files of `thing` be saved by name only: the database forgets a preview, a disk does not."""
    for field in thing._meta.concrete_fields:
        if isinstance(field, models.FileField) and getattr(thing, field.name):
            getattr(thing, field.name)._committed = True


def show_rich_text(thing):
    """Let a closed form show the rich text of `thing`, sanitised when saved, and not its markup."""
    for field in thing._meta.concrete_fields:
        if isinstance(field, RichTextField):
            setattr(thing, field.attname, mark_safe(getattr(thing, field.attname) or ""))


class ContentAdmin(RecordedChangesMixin, DraftPermissionsMixin, ContentFields, TranslationAdmin):
    """Anything that belongs to a publishable: both languages side by side, links up and to the site."""

    parent_field = None
    parent_path = ""  # from the parent to what both are published with
    # What an address is made of: it stays as it is once visitors may have it.
    address_fields = ()

    class Media:
        js = ["js/reorder.js", "js/unsaved.js"]

    def get_queryset(self, request):
        """Return every version, but in lists only those that are seen or under way."""
        rows = super().get_queryset(request)
        if not request.resolver_match.url_name.endswith("_changelist"):
            return rows
        if not self.parent_field:
            return rows.with_superseded().filter(is_superseded=False)
        return self.latest(rows)

    def latest(self, rows):
        """Return those of `rows` that belong to the latest version of what they are published with."""
        if not self.parent_field:
            return rows.latest_versions()
        latest = self._publishables().latest_versions()
        return rows.filter(**{f"{self._path()}__in": latest.values("pk")})

    def _path(self):
        """Return the path from a part to what it is published with."""
        return "__".join(filter(None, [self.parent_field, self.parent_path]))

    def _publishables(self):
        field = self.model._meta.get_field(self.parent_field)
        for name in filter(None, self.parent_path.split("__")):
            field = field.related_model._meta.get_field(name)
        return field.related_model.objects

    def get_list_select_related(self, request):
        return [self._path()] if self.parent_field else super().get_list_select_related(request)

    def get_list_display(self, request):
        shown = super().get_list_display(request)
        return [*shown, "standing"] if self.parent_field else shown

    @admin.display(description="läge")
    def standing(self, part):
        return part.publishable().state()

    def get_object(self, request, object_id, from_field=None):
        obj = super().get_object(request, object_id, from_field)
        if obj is not None and request.method == "POST":
            obj.publishable().locked()
            obj = super().get_object(request, object_id, from_field)
        if obj is not None and not is_open(obj):
            show_rich_text(obj)
        return obj

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == self.parent_field:
            parents = kwargs.get("queryset", db_field.related_model.objects)
            kwargs["queryset"] = parents.filter(
                pk__in=[one.pk for one in parents.all() if is_open(one)]
            )
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
        if obj is None:
            return fields
        if self.parent_field:
            fields.append(self.parent_field)
        if self.address_fields and (known := last_published(obj)):
            fields += [name for name in self.address_fields if getattr(known, name)]
        return fields

    def get_prepopulated_fields(self, request, obj=None):
        readonly = self.get_readonly_fields(request, obj)
        prepopulated = super().get_prepopulated_fields(request, obj)
        return {name: of for name, of in prepopulated.items() if name not in readonly}

    def view_on_site(self, obj):
        if not obj.publishable().is_published or not hasattr(obj, "get_absolute_url"):
            return None
        return obj.get_absolute_url()

    def lineage(self, obj):
        """Return what `obj` lies in, outermost first: `[(name, address of its admin page), …]`."""
        if not self.parent_field:
            return []
        parent = getattr(obj, self.parent_field)
        above = self.admin_site.get_model_admin(type(parent)).lineage(parent)
        return [*above, (parent, change_address(parent))]

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        context["lineage"] = [
            (capfirst(str(name)), address) for name, address in (self.lineage(obj) if obj else [])
        ]
        context["preview"] = True
        if obj is not None:
            versions = obj.publishable().versions().with_superseded()
            publishable = versions.get(pk=obj.publishable().pk)
            context |= {
                "publishable": publishable,
                "part": f"{obj._meta.label_lower}:{obj.pk}",
                "copy_address": admin_address(publishable, "arbetskopia", publishable.pk),
                "may_copy": self.has_perm_to_change(request),
            }
            if self.has_change_permission(request, obj):
                context["seen"] = f"{fingerprint(self, obj)}@{time.time()}"
                context["others"] = note_open(request, obj)
        if PREVIEW in request.POST:  # with errors, or the pages would have been shown
            return TemplateResponse(request, "admin/preview.html", context)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def history_view(self, request, object_id, extra_context=None):
        thing = self.get_object(request, unquote(object_id))
        if thing is None:
            raise Http404(f"no {self.model.__name__} {object_id}")
        publishable = thing.publishable()
        meta = publishable._meta
        return redirect(f"admin:{meta.app_label}_{meta.model_name}_history", publishable.pk)

    # --- Saving and previewing ---

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        number = unquote(object_id or "")
        was_open = request.method == "POST" and SEEN in request.POST and number.isdecimal()
        if was_open and self.has_perm_to_change(request):
            thing = self.model.objects.filter(pk=number).first()
            if thing is None or not is_open(thing):
                return self.closed_meanwhile(request, thing)
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except OSError:
            forget_files(request)
            if not request.FILES or hasattr(request, "is_disk_failing"):
                raise
            request.is_disk_failing = True  # which the form then says
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Exception:
            forget_files(request)
            raise

    def closed_meanwhile(self, request, thing):
        """Show what somebody wrote in a form that was published or deleted while it was open."""
        context = self.admin_site.each_context(request) | {
            "title": "Det du skrev är inte sparat",
            "opts": self.opts,
            "thing": thing,
            "written": written(request, self.model),
        }
        return TemplateResponse(request, "admin/closed_meanwhile.html", context)

    def get_formset_kwargs(self, request, obj, inline, prefix):
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if "data" in kwargs:
            kwargs["data"] = with_rows_that_are(kwargs["data"], inline.model, prefix)
        return kwargs

    def _create_formsets(self, request, obj, change):
        formsets, inlines = super()._create_formsets(request, obj, change)
        if request.method == "POST":
            request.formsets = formsets  # for the form, which is checked before them
        return formsets, inlines

    def get_form(self, request, obj=None, change=False, **kwargs):
        form_class = super().get_form(request, obj, change=change, **kwargs)
        seen = request.POST.get(SEEN) if obj else None
        is_overtaken = (
            seen and PREVIEW not in request.POST and not seen.startswith(fingerprint(self, obj))
        )
        # What is closed is in no form, and what it keeps apart would go unchecked.
        closed = {self.parent_field, *self.address_fields} - form_class.base_fields.keys()

        class Form(form_class):
            def clean(self):
                cleaned = super().clean()
                if "slug" in self.fields and not cleaned.get("slug") and "slug" not in self.errors:
                    cleaned["slug"] = free_slug(self.instance, cleaned)
                if hasattr(request, "is_disk_failing"):
                    self.add_error(None, DISK_IS_FAILING)
                if is_overtaken:
                    self.add_error(None, overtaken(request, self, request.formsets))
                return cleaned

            def _get_validation_exclusions(self):
                return super()._get_validation_exclusions() - closed

        return Form

    def save_model(self, request, obj, form, change):
        if PREVIEW in request.POST:
            keep_files_out(obj)
        super().save_model(request, obj, form, change)

    def response_add(self, request, obj, *args, **kwargs):
        if PREVIEW in request.POST:
            return self.preview(request, obj)
        return super().response_add(request, obj, *args, **kwargs)

    def response_change(self, request, obj):
        if PREVIEW in request.POST:
            return self.preview(request, obj)
        note_closed(request, obj)
        return super().response_change(request, obj)

    def preview(self, request, obj):
        """Return the public pages of `obj` as it was just saved, and roll that save back.

        Django runs the form's view in a transaction.
        """
        obj = type(obj).objects.get(pk=obj.pk)
        context = self.admin_site.each_context(request) | {
            "preview_of": str(obj),
            "pages": in_both_languages(request, obj),
        }
        transaction.set_rollback(True)
        return TemplateResponse(request, "admin/preview.html", context)

    def response_post_save_add(self, request, obj):
        return self.response_post_save_change(request, obj)

    def response_post_save_change(self, request, obj):
        # Back to where the work is: a filtered list, or the whole that this is a part of.
        if "_changelist_filters" in request.GET:
            return super().response_post_save_change(request, obj)
        return redirect(change_address(obj.publishable()))

    def save_formset(self, request, form, formset, change):
        if PREVIEW in request.POST:
            for row in formset.forms:
                keep_files_out(row.instance)
        super().save_formset(request, form, formset, change)
        if hasattr(formset.model, "position"):
            renumber(formset.model, **{formset.fk.name: form.instance})

    def save_related(self, request, form, formsets, change):
        if hasattr(form.instance, "position"):
            parent = {self.parent_field: getattr(form.instance, self.parent_field)}
            renumber(type(form.instance), **parent)
        super().save_related(request, form, formsets, change)


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
