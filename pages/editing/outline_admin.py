"""Shows the forms of a publishable and its parts in its outline, and moves parts among their siblings."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.views.decorators.http import require_POST

from blekinge_site.staff.addresses import FORM_PARAMETER, change_address
from pages.editing.outline import Outline, Row, Section, anchor_of, row_address
from pages.editing.permissions import is_open
from pages.editing.saving import kind_and_name
from pages.publishing.history import save_first_revision
from pages.publishing.ordered import Ordered, move
from pages.publishing.versions import fetch_with_parts

STEPS = {"upp": -1, "ner": 1}


class OutlineMixin:
    """Shows the form within the outline of its publishable, if that is a draft or a working copy."""

    # Whether the form is shown in the outline, and not on a page of its own.
    is_outlined = True

    def get_urls(self):
        name = f"{self.opts.app_label}_{self.opts.model_name}_move"
        view = self.admin_site.admin_view(require_POST(self.move_view))
        moving = (
            [path("<int:pk>/flytta/", view, name=name)] if issubclass(self.model, Ordered) else []
        )
        return [*moving, *super().get_urls()]

    def outline_sections(self, publishable):
        """Return the sections of the outline of `publishable`, whose parts have been prefetched.

        The base class has one section with the form of the publishable itself.
        """
        return [Section("", [Row(publishable, "Text och uppgifter")])]

    def places(self, obj):
        """Return the objects, other than its own parent, that `obj` can be moved to."""
        return []

    def move_to_place(self, obj, place):
        """Set the parent of `obj` to `place`, one of its `places`."""
        raise NotImplementedError

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        publishable = self._edited_publishable(request, obj)
        if publishable is not None:
            publishable_admin = self.admin_site.get_model_admin(type(publishable))
            context |= publishable_admin.outline_context(request, publishable)
            if self.is_outlined:
                publishable = fetch_with_parts(publishable)
                sections = publishable_admin.outline_sections(publishable)
                context |= self._shown_in(sections, request, publishable, obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def _shown_in(self, sections, request, publishable, obj):
        """Return the context that shows the form of `obj`, None for a new part, in the outline `sections`."""
        has_parts = len(sections) > 1
        is_overview = (
            has_parts
            and obj == publishable
            and request.method == "GET"
            and FORM_PARAMETER not in request.GET
            and not request.form_draft
        )
        current = None if is_overview else obj
        address = None if obj else request.get_full_path()
        return {
            "publishable": publishable,
            "outline": Outline(publishable, sections, request.user, current, address),
            "form_is_shown": not is_overview,
            "show_save_and_continue": False,
            "show_save_and_add_another": obj is None,
            "show_delete": False,
            "close_address": has_parts and change_address(publishable),
            "unfolded": "utfallt" in request.GET,
        }

    def _edited_publishable(self, request, obj):
        """Return the publishable whose outline the form belongs in, or None if it can't be changed."""
        if obj is None:
            parent_pk = request.GET.get(self.parent_field or "", "")
            if not parent_pk.isdecimal():
                return None
            obj = self.model.parent_model().objects.filter(pk=parent_pk).first()
        return obj.publishable() if obj is not None and is_open(obj) else None

    def response_post_save_change(self, request, obj):
        # Return to a filtered list, if the user came from one, or stay at the part.
        if "_changelist_filters" in request.GET:
            return super().response_post_save_change(request, obj)
        return redirect(row_address(obj))

    def response_post_save_add(self, request, obj):
        return self.response_post_save_change(request, obj)

    @transaction.atomic
    def move_view(self, request, pk):
        """Move a part one step among its siblings, or to another parent, as the POST field `till` says."""
        obj = get_object_or_404(self.model, pk=pk)
        publishable = obj.publishable().locked()
        obj = get_object_or_404(self.model, pk=pk)  # as it is now that the publishable is locked
        if not self.has_change_permission(request, obj):
            raise PermissionDenied
        save_first_revision(publishable)
        try:
            event = self._move(obj, request.POST.get("till", ""))
        except ValidationError as error:
            event = None
            messages.error(request, " ".join(error.messages))
        if event is None:
            transaction.set_rollback(True)  # no first revision without a second
            return redirect(row_address(obj))
        self.record_change(request, publishable, event)
        messages.success(request, f"{event}.")
        return redirect(f"{change_address(publishable)}#{anchor_of(obj)}")

    def _move(self, obj, target):
        """Move `obj` to the `target` of `move_view`. Return what happened, in words, or None if nothing did.

        Raises ValidationError if the new parent has a part with the same address.
        """
        places = {anchor_of(place): place for place in self.places(obj)}
        if target in places:
            self.move_to_place(obj, places[target])
            return f"Flyttade {kind_and_name(obj)} till {places[target]}"
        if target in STEPS and move(obj, STEPS[target]):
            return f"Flyttade {kind_and_name(obj)} {target}"
        return None

    def delete_view(self, request, object_id, extra_context=None):
        pk = unquote(object_id)
        part = self.model.objects.filter(pk=pk).first() if pk.isdecimal() else None
        publishable = part.publishable() if part and self.parent_field else None
        response = super().delete_view(request, object_id, extra_context)
        is_deleted = response.status_code == HTTPStatus.FOUND
        if publishable is None or not is_deleted or "_changelist_filters" in request.GET:
            return response
        return redirect(change_address(publishable))
