"""Deleting content in the admin: what goes, what stays, and what to do with what is published instead."""

from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.template.response import TemplateResponse

from blekinge_site.staff.addresses import admin_address, change_address
from pages.editing.permissions import is_open


class ExplainedDeletionMixin:
    """Says before a deletion what goes and what stays, and deletes no selection with published objects."""

    actions = ["delete_selected"]

    def render_delete_form(self, request, context):
        """Return the page that confirms a deletion. `publishable` is the version of the object."""
        context["publishable"] = context["object"].publishable()
        return super().render_delete_form(request, context)

    @admin.action(permissions=["delete"], description="Ta bort valda %(verbose_name_plural)s")
    def delete_selected(self, request, queryset):
        if self.parent_field:
            selected = queryset.select_related(self.model.path_to_publishable())
        else:
            selected = queryset
        closed = [
            (obj, obj.publishable(), change_address(obj.publishable()))
            for obj in selected
            if not is_open(obj)
        ]
        if not closed:
            return delete_selected(self, request, queryset)
        context = self.admin_site.each_context(request) | {
            "title": "Det här kan inte tas bort",
            "opts": self.opts,
            "is_part": bool(self.parent_field),
            "closed": closed,
            "list_address": admin_address(self.model, "changelist"),
        }
        return TemplateResponse(request, "admin/published_selection.html", context)
