"""Saving and deleting content in the admin, with a record of each change in the history."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.text import Truncator

from pages.editing.permissions import is_open, last_published
from pages.publishing.history import save_first_revision, save_revision
from pages.publishing.links import addresses_of, follow_move
from pages.publishing.ordered import LAST_POSITION, Ordered


def kind_and_name(obj):
    """Return the model's name and the name of `obj`: inriktningsmål ”Ett mål”."""
    return f"{obj._meta.verbose_name} ”{Truncator(obj).chars(80)}”"


class RecordedChangesMixin:
    """Records each change on the publishable and in its history.

    Saving a form without changes records nothing.
    """

    def record_change(self, request, publishable, event):
        """Record that `publishable` has changed. `event` is a Swedish sentence for the history."""
        publishable.touch()
        save_revision(publishable, request.user, event)

    def save_model(self, request, obj, form, change):
        # The parent of a new part is chosen in the form, and may be published.
        is_new_part = not change and obj.publishable() != obj
        if is_new_part and not is_open(obj.publishable().locked()):
            raise PermissionDenied
        if is_new_part and isinstance(obj, Ordered) and obj.position is None:
            obj.position = LAST_POSITION  # the form has no field for it
        if change or is_new_part:
            # Locked and read again, so that the revision lacks the changes of the form.
            save_first_revision(obj.publishable().locked())
        if not form.has_changed() and change:
            return
        saved = type(obj).objects.filter(pk=obj.pk).first() if change else None
        super().save_model(request, obj, form, change)
        if saved:
            before, after = addresses_of(saved), addresses_of(obj)
            # A published address stays, and redirects to the one of the other language.
            if before != after and last_published(saved) is None:
                follow_move(before, after)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if form.has_changed() or any(formset.has_changed() for formset in formsets):
            verb = "Ändrade" if change else "Lade till"
            event = f"{verb} {kind_and_name(form.instance)}"
            self.record_change(request, form.instance.publishable(), event)

    def delete_model(self, request, obj):
        self.delete_queryset(request, [obj])

    @transaction.atomic
    def delete_queryset(self, request, queryset):
        objects_by_publishable = {}
        for obj in queryset:
            objects_by_publishable.setdefault(obj.publishable(), []).append(obj)
        for publishable, objects in objects_by_publishable.items():
            if not is_open(publishable.locked()):
                raise PermissionDenied  # published since the page was opened
            event = f"Tog bort {', '.join(map(kind_and_name, objects))}"
            if publishable in objects:
                save_revision(
                    publishable, request.user, event
                )  # its last content, which can be restored
                publishable.delete()
                continue
            save_first_revision(publishable)
            for obj in objects:
                obj.delete()
            self.record_change(request, publishable, event)
