"""Who may change what, and when: what visitors see is changed by nobody, but in a working copy."""

from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.text import Truncator

from pages.publishing.history import begin, record
from pages.publishing.versions import counterpart, version_before


def permission_name(action, model):
    """Return the name of the permission for `action` on `model`: pages.change_page."""
    return f"{model._meta.app_label}.{get_permission_codename(action, model._meta)}"


def may_publish(user, publishable):
    """Tell whether `user` may decide what visitors see of things like `publishable`."""
    return user.has_perm(permission_name("publish", publishable))


def is_open(thing):
    """Tell whether `thing` can be changed: it is part of a draft or a working copy.

    What visitors have seen is changed in a working copy, and what waits for its time, and has been
    checked, when its publishing has been called off.
    """
    return thing.publishable().is_being_prepared


def as_visitors_know(thing):
    """Return `thing` as it was published last, this version or the one before, or None if it never was."""
    publishable = thing.publishable()
    if publishable.has_been_published:
        return thing
    before = version_before(publishable)
    return before and counterpart(thing, before)


def in_words(thing):
    """Return what `thing` is and is called: inriktningsmål ”Ett mål”."""
    return f"{thing._meta.verbose_name} ”{Truncator(thing).chars(80)}”"


class PublishedTogether:
    """An admin of something published with others: guarded once it is, and its changes are theirs too.

    What is published is changed in a working copy; see `is_open`.
    A change notes itself on the publishable and in its history; saving a form as it was is no change.
    """

    def has_perm_to_change(self, request):
        """Tell whether the user may change things like this at all, in a draft or a working copy."""
        return super().has_change_permission(request)

    def has_change_permission(self, request, obj=None):
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or is_open(obj))

    def has_delete_permission(self, request, obj=None):
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or is_open(obj))

    def note(self, request, publishable, event):
        """Note on `publishable`, and in its history, that it has changed: `event`, in Swedish."""
        publishable.touch()
        record(publishable, request.user, event)

    def save_model(self, request, obj, form, change):
        # A new part chooses its parent in the form, which may be something published.
        is_new_part = not change and obj.publishable() != obj
        if is_new_part and not is_open(obj.publishable().locked()):
            raise PermissionDenied
        if change or is_new_part:
            begin(obj.publishable().locked())  # as it is saved, not as the form has it
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
        deleted = {}
        for obj in queryset:
            deleted.setdefault(obj.publishable(), []).append(obj)
        for publishable, things in deleted.items():
            if not is_open(publishable.locked()):
                raise PermissionDenied  # published since the page was opened
            event = f"Tog bort {', '.join(map(in_words, things))}"
            if publishable in things:
                record(publishable, request.user, event)  # the last that it said
                publishable.delete()
                continue
            begin(publishable)
            for thing in things:
                thing.delete()
            self.note(request, publishable, event)
