"""The base of every admin class for content: lists, forms in both languages, and inlines."""

from functools import partial

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import Http404
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.text import capfirst
from modeltranslation.admin import TranslationAdmin, TranslationTabularInline

from blekinge_site.staff.addresses import admin_address, change_address
from pages.editing.conflicts import ConflictMixin
from pages.editing.deletion import ExplainedDeletionMixin
from pages.editing.failed_uploads import FailedUploadMixin
from pages.editing.fields import ContentFields, is_english
from pages.editing.filters import MissingEnglishFilter
from pages.editing.form_drafts import FormDraftMixin
from pages.editing.form_preview import PreviewMixin
from pages.editing.forms import ContentForm
from pages.editing.outline_admin import OutlineMixin
from pages.editing.permissions import DraftPermissionsMixin, is_open, last_published
from pages.editing.saving import RecordedChangesMixin
from pages.publishing.ordered import renumber
from pages.publishing.publishable import Part
from pages.publishing.richtext import RichTextField


def side_by_side(fields):
    """Return `fields` with each Swedish field and its English one as a pair, which share a row."""
    paired, rest = [], list(fields)
    while rest:
        name = rest.pop(0)
        if isinstance(name, str) and rest and name.endswith("_sv") and rest[0] == name[:-3] + "_en":
            name = (name, rest.pop(0))
        paired.append(name)
    return paired


def hides(entry, hidden):
    """Tell whether `entry` of a fieldset, a name or a tuple of names, has only names in `hidden`."""
    return hidden.issuperset([entry] if isinstance(entry, str) else entry)


def show_texts(obj):
    """Let a read-only form render the rich text of `obj`, and mark its English texts as English.

    Rich text was sanitized when it was saved.
    """
    for field in obj._meta.concrete_fields:
        text = getattr(obj, field.attname) or ""
        if isinstance(field, RichTextField):
            text = mark_safe(text)
            setattr(obj, field.attname, text)
        if text and is_english(field):
            setattr(obj, field.attname, format_html('<div lang="en">{}</div>', text))


class ContentListMixin:
    """Lists the versions that matter to staff, with the state of the publishable they belong to."""

    @property
    def parent_field(self):
        """The name of the model's foreign key to its parent, or None for a publishable."""
        return self.model.PARENT_FIELD

    def get_queryset(self, request):
        """Return all versions. A list leaves out superseded publishables, and parts of older versions."""
        rows = super().get_queryset(request)
        if not request.resolver_match.url_name.endswith("_changelist"):
            return rows
        if not self.parent_field:
            return rows.with_superseded().filter(is_superseded=False)
        return self.latest(rows)

    def latest(self, rows):
        """Return those of `rows` that belong to the latest version of their publishable."""
        if not self.parent_field:
            return rows.latest_versions()
        latest = self.model.publishable_model().objects.latest_versions()
        return rows.filter(**{f"{self.model.path_to_publishable()}__in": latest.values("pk")})

    def get_list_select_related(self, request):
        if not self.parent_field:
            return super().get_list_select_related(request)
        related = [field.name for field in self.model._meta.fields if field.is_relation]
        shown = [name for name in related if name in self.list_display]
        return [self.model.path_to_publishable(), *shown]

    def get_list_display(self, request):
        columns = super().get_list_display(request)
        if not self.parent_field:
            return columns
        # A column with the publishable, if no column has it.
        belongs = ["belongs_to"] if issubclass(self.model.parent_model(), Part) else []
        return [*columns, *belongs, "standing"]

    @admin.display(description="hör till")
    def belongs_to(self, part):
        return part.publishable()

    @admin.display(description="läge")
    def standing(self, part):
        return part.publishable().state()

    def get_list_filter(self, request):
        return [*super().get_list_filter(request), MissingEnglishFilter]


class ContentFormMixin:
    """Builds the form: both languages side by side, and read-only fields where changes are not allowed."""

    form = ContentForm
    # The fields that make up the address of a page. They are read-only once the page has been published.
    address_fields = ()

    def get_object(self, request, object_id, from_field=None):
        """Return the object. A POST first locks its publishable, so that concurrent saves wait."""
        obj = super().get_object(request, object_id, from_field)
        if obj is not None and request.method == "POST":
            obj.publishable().locked()
            obj = super().get_object(request, object_id, from_field)
        if obj is not None and not is_open(obj):
            show_texts(obj)
        return obj

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == self.parent_field:
            parents = kwargs.get("queryset", db_field.related_model.objects)
            kwargs["queryset"] = parents.filter(
                pk__in=[parent.pk for parent in parents.all() if is_open(parent)]
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        is_add = request.resolver_match.url_name.endswith("_add")
        pk = request.GET.get(db_field.name, "") if is_add and db_field.is_relation else ""
        if field and pk.isdecimal() and field.queryset.filter(pk=pk).exists():
            field.widget = forms.HiddenInput()  # the page shows where the new part comes
        return field

    def get_fieldsets(self, request, obj=None):
        hidden = self.hidden_fields(request, obj)
        return [
            (
                title,
                options
                | {"fields": side_by_side(f for f in options["fields"] if not hides(f, hidden))},
            )
            for title, options in super().get_fieldsets(request, obj)
        ]

    def hidden_fields(self, request, obj):
        """Return the names of fields that are left out of the form: the parent, which the page shows."""
        return {self.parent_field} if obj else set()

    def get_readonly_fields(self, request, obj=None):
        fields = list(super().get_readonly_fields(request, obj))
        if obj is None:
            return fields
        if self.parent_field:
            fields.append(self.parent_field)
        if self.address_fields and (published := last_published(obj)):
            fields += [name for name in self.address_fields if getattr(published, name)]
        return fields

    def get_prepopulated_fields(self, request, obj=None):
        readonly = self.get_readonly_fields(request, obj)
        prepopulated = super().get_prepopulated_fields(request, obj)
        return {name: sources for name, sources in prepopulated.items() if name not in readonly}

    def get_form(self, request, obj=None, change=False, **kwargs):
        form_class = super().get_form(request, obj, change=change, **kwargs)
        hidden = self.hidden_fields(request, obj)
        closed_fields = {self.parent_field, *self.address_fields, *hidden}
        form_class.closed_fields = closed_fields - form_class.base_fields.keys()
        if self.may_fill_in(request, obj):
            form_class.draft = self.draft_data(request)
        form_class.find_errors = staticmethod(partial(self.find_errors, request))
        return form_class

    def find_errors(self, request, form):
        """Return the errors, as ValidationError or str, that concern `form` as a whole."""
        errors = [self.upload_error, self.find_conflict(request, form)]
        return [error for error in errors if error]


class ContentAdmin(
    OutlineMixin,
    ContentListMixin,
    ContentFormMixin,
    ConflictMixin,
    PreviewMixin,
    FormDraftMixin,
    FailedUploadMixin,
    RecordedChangesMixin,
    ExplainedDeletionMixin,
    DraftPermissionsMixin,
    ContentFields,
    TranslationAdmin,
):
    """The admin of a publishable or a part of one, with links to its parents and to its public page."""

    class Media:
        js = ["js/reorder.js", "js/unsaved.js", "js/drafts.js"]

    def view_on_site(self, obj):
        if not obj.publishable().is_published or not hasattr(obj, "get_absolute_url"):
            return None
        return obj.get_absolute_url()

    def lineage(self, obj):
        """Return the ancestors of `obj`, outermost first: `[(ancestor, address of its admin page), …]`."""
        if not self.parent_field:
            return []
        parent = getattr(obj, self.parent_field)
        ancestors = self.admin_site.get_model_admin(type(parent)).lineage(parent)
        return [*ancestors, (parent, change_address(parent))]

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        context["lineage"] = [
            (capfirst(str(name)), address) for name, address in (self.lineage(obj) if obj else [])
        ]
        if obj is not None:
            context |= self.copy_context(request, obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def copy_context(self, request, obj):
        """Return what a page needs in order to lead from `obj` to the working copy."""
        versions = obj.publishable().versions().with_superseded()
        publishable = versions.get(pk=obj.publishable().pk)
        return {
            "publishable": publishable,
            "part": f"{obj._meta.label_lower}:{obj.pk}",
            "copy_address": admin_address(publishable, "arbetskopia", publishable.pk),
            "may_copy": self.has_perm_to_change(request),
        }

    def history_view(self, request, object_id, extra_context=None):
        """Redirect to the history of the publishable."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404(f"no {self.model.__name__} {object_id}")
        publishable = obj.publishable()
        return redirect(admin_address(publishable, "history", publishable.pk))

    def save_formset(self, request, form, formset, change):
        super().save_formset(request, form, formset, change)
        if hasattr(formset.model, "position"):
            renumber(formset.model, **{formset.fk.name: form.instance})

    def save_related(self, request, form, formsets, change):
        if hasattr(form.instance, "position"):
            renumber(type(form.instance), **form.instance.shared_by_siblings())
        super().save_related(request, form, formsets, change)


class OrderedInline(ContentFields, TranslationTabularInline):
    """Inline rows that buttons reorder. A new row without a position comes last."""

    extra = 0
    view_on_site = False  # the row's own admin page has the link

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(field.widget, forms.Textarea):
            field.widget.attrs["rows"] = 3
        return field
