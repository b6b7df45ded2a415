"""Permissions of staff: content can be changed only in a draft or a working copy."""

from django.contrib.auth import get_permission_codename

from pages.publishing.versions import counterpart, version_before


def permission_name(action, model):
    """Return the name of the permission for `action` on `model`: pages.change_page."""
    return f"{model._meta.app_label}.{get_permission_codename(action, model._meta)}"


def may_publish(user, publishable):
    """Tell whether `user` may publish and withdraw objects of the type of `publishable`."""
    return user.has_perm(permission_name("publish", publishable))


def is_open(obj):
    """Tell whether `obj` can be changed: whether it belongs to a draft or a working copy.

    Published content is changed in a working copy. Content that is scheduled for publication has been
    checked, so it can be changed only after the publication has been cancelled.
    """
    return obj.publishable().is_being_prepared


def last_published(obj):
    """Return `obj` as it was last published, in this version or the one before; None if it never was."""
    publishable = obj.publishable()
    if publishable.has_been_published:
        return obj
    before = version_before(publishable)
    if before is None or obj == publishable:
        return before
    return counterpart(obj, before)


class DraftPermissionsMixin:
    """Allows changes and deletions only of content that `is_open`."""

    def has_perm_to_change(self, request):
        """Tell whether the user may change this type of content at all, in a draft or a working copy."""
        return super().has_change_permission(request)

    def has_change_permission(self, request, obj=None):
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or is_open(obj))

    def has_delete_permission(self, request, obj=None):
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or is_open(obj))
