"""The preview of an admin form: the public pages as they would be if the form were saved."""

from django.db import models, transaction
from django.template.response import TemplateResponse

from pages.publishing.preview import in_both_languages

PREVIEW_BUTTON = "_preview"  # the name of the submit button


def is_preview(request):
    return PREVIEW_BUTTON in request.POST


def skip_file_storage(obj):
    """Let `obj` be saved without storing its new files, as a rollback would leave them on the disk."""
    for field in obj._meta.concrete_fields:
        if isinstance(field, models.FileField) and getattr(obj, field.name):
            getattr(obj, field.name)._committed = True


class PreviewMixin:
    """Previews a form: saves it, renders its public pages and rolls the transaction back."""

    def save_model(self, request, obj, form, change):
        if is_preview(request):
            skip_file_storage(obj)
        super().save_model(request, obj, form, change)

    def save_formset(self, request, form, formset, change):
        if is_preview(request):
            for row in formset.forms:
                skip_file_storage(row.instance)
        super().save_formset(request, form, formset, change)

    def response_add(self, request, obj, *args, **kwargs):
        if is_preview(request):
            return self.preview_page(request, obj)
        return super().response_add(request, obj, *args, **kwargs)

    def response_change(self, request, obj):
        if is_preview(request):
            return self.preview_page(request, obj)
        return super().response_change(request, obj)

    def preview_page(self, request, obj):
        """Return a page with the public pages of `obj` as just saved, and roll back the save.

        Django handles the form in a transaction of its own.
        """
        obj = type(obj).objects.get(pk=obj.pk)
        context = self.admin_site.each_context(request) | {
            "preview_of": str(obj),
            "pages": in_both_languages(request, obj),
        }
        transaction.set_rollback(True)
        return TemplateResponse(request, "admin/preview.html", context)

    def render_change_form(self, request, context, *args, **kwargs):
        if is_preview(request):  # the form has errors
            return TemplateResponse(request, "admin/preview.html", context)
        context["preview"] = True
        return super().render_change_form(request, context, *args, **kwargs)
