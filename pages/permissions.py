"""Who may change what, and when: what visitors see is changed by nobody, but in a working copy."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.text import Truncator

from pages.history import record
from pages.versions import counterpart, version_before


def may_publish(user, publishable):
    """Tell whether `user` may decide what visitors see of things like `publishable`."""
    meta = publishable._meta
    return user.has_perm(f"{meta.app_label}.publish_{meta.model_name}")


def may_touch(user, obj):
    """Tell whether `user` may change `obj`: part of a draft, or of what waits for its time.

    Nobody changes what visitors have seen: it gets a working copy.
    """
    publishable = obj.publishable()
    if publishable.has_been_published:
        return False
    return publishable.is_being_prepared or may_publish(user, publishable)


def lock(publishable):
    """Return `publishable` as it is now; whoever else changes any part of it waits until this is saved."""
    return type(publishable).objects.select_for_update().get(pk=publishable.pk)


def is_known_to_visitors(thing):
    """Tell whether a version of `thing` has been published before this one, or this one has."""
    publishable = thing.publishable()
    if publishable.has_been_published:
        return True
    before = version_before(publishable)
    return before is not None and counterpart(thing, before) is not None


def in_words(thing):
    """Return what `thing` is and is called: inriktningsmål ”Ett mål”."""
    return f"{thing._meta.verbose_name} ”{Truncator(thing).chars(80)}”"


class PublishedTogether:
    """An admin of something published with others: guarded once it is, and its changes are theirs too.

    What is published is changed in a working copy, and what is to be published by those who may publish.
    A change notes itself on the publishable and in its history; saving a form as it was is no change.
    """

    def has_perm_to_change(self, request):
        """Tell whether the user may change things like this at all, in a draft or a working copy."""
        return super().has_change_permission(request)

    def has_change_permission(self, request, obj=None):
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or may_touch(request.user, obj))

    def has_delete_permission(self, request, obj=None):
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or may_touch(request.user, obj))

    def note(self, request, publishable, event):
        """Note on `publishable`, and in its history, that it has changed: `event`, in Swedish."""
        publishable.touch()
        record(publishable, request.user, event)

    def save_model(self, request, obj, form, change):
        # A new part chooses its parent in the form, which may be something published.
        if not change and obj.publishable() != obj:
            obj.is_open_to_user = may_touch(request.user, lock(obj.publishable()))
            if not obj.is_open_to_user:
                raise PermissionDenied
        if form.has_changed() or not change:
            super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if form.has_changed() or any(formset.has_changed() for formset in formsets):
            verb = "Ändrade" if change else "Lade till"
            self.note(request, form.instance.publishable(), f"{verb} {in_words(form.instance)}")

    def delete_model(self, request, obj):
        self.delete_queryset(request, [obj])

    @transaction.atomic
    def delete_queryset(self, request, queryset):
        for obj in queryset:
            publishable, event = lock(obj.publishable()), f"Tog bort {in_words(obj)}"
            if not may_touch(request.user, publishable):
                raise PermissionDenied  # published since the page was opened
            if publishable == obj:
                record(publishable, request.user, event)  # the last that it said
                obj.delete()
            else:
                obj.delete()
                self.note(request, publishable, event)
