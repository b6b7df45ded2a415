"""The base of every admin class for content: lists, forms in both languages, and inlines."""

from functools import partial

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import Http404
from django.shortcuts import redirect
from django.utils.safestring import mark_safe
from django.utils.text import capfirst
from modeltranslation.admin import TranslationAdmin, TranslationTabularInline

from blekinge_site.staff.addresses import admin_address, change_address
from pages.editing.conflicts import ConflictMixin
from pages.editing.failed_uploads import FailedUploadMixin
from pages.editing.fields import ContentFields
from pages.editing.filters import MissingEnglishFilter
from pages.editing.form_drafts import FormDraftMixin
from pages.editing.form_preview import PreviewMixin
from pages.editing.forms import ContentForm
from pages.editing.permissions import DraftPermissionsMixin, is_open, last_published
from pages.editing.saving import RecordedChangesMixin
from pages.publishing.ordered import renumber
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


def show_rich_text(obj):
    """Let a read-only form render the rich text of `obj`, which was sanitized when it was saved."""
    for field in obj._meta.concrete_fields:
        if isinstance(field, RichTextField):
            setattr(obj, field.attname, mark_safe(getattr(obj, field.attname) or ""))


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
        return [self.model.path_to_publishable()]

    def get_list_display(self, request):
        columns = super().get_list_display(request)
        return [*columns, "standing"] if self.parent_field else columns

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
            show_rich_text(obj)
        return obj

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == self.parent_field:
            parents = kwargs.get("queryset", db_field.related_model.objects)
            kwargs["queryset"] = parents.filter(
                pk__in=[parent.pk for parent in parents.all() if is_open(parent)]
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_fieldsets(self, request, obj=None):
        return [
            (title, options | {"fields": side_by_side(options["fields"])})
            for title, options in super().get_fieldsets(request, obj)
        ]

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
        closed_fields = {self.parent_field, *self.address_fields}
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
    ContentListMixin,
    ContentFormMixin,
    ConflictMixin,
    PreviewMixin,
    FormDraftMixin,
    FailedUploadMixin,
    RecordedChangesMixin,
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
            versions = obj.publishable().versions().with_superseded()
            publishable = versions.get(pk=obj.publishable().pk)
            context |= {
                "publishable": publishable,
                "part": f"{obj._meta.label_lower}:{obj.pk}",
                "copy_address": admin_address(publishable, "arbetskopia", publishable.pk),
                "may_copy": self.has_perm_to_change(request),
            }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def history_view(self, request, object_id, extra_context=None):
        """Redirect to the history of the publishable."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404(f"no {self.model.__name__} {object_id}")
        publishable = obj.publishable()
        return redirect(admin_address(publishable, "history", publishable.pk))

    def response_post_save_add(self, request, obj):
        return self.response_post_save_change(request, obj)

    def response_post_save_change(self, request, obj):
        # Return to a filtered list, if the user came from one, or to the publishable.
        if "_changelist_filters" in request.GET:
            return super().response_post_save_change(request, obj)
        return redirect(change_address(obj.publishable()))

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


class OrderInline(OrderedInline):
    """Inline rows to reorder. Each row is added and edited on an admin page of its own."""

    show_change_link = True
    can_delete = False

    def has_add_permission(self, request, obj=None):
        return False
