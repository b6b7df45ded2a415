"""The roles of staff, which are groups, and who may give them to whom."""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

# What each role may do, in words for the person who chooses it. Other groups are shown by their name alone.
DESCRIPTIONS = {
    "Redaktör": "skriver och ändrar i utkast och arbetskopior, och ber en publicist att publicera.",
    "Publicist": (
        "gör det som en redaktör gör, och publicerar. Loggar in med en andra faktor, till exempel en "
        "app i telefonen."
    ),
    "Ansvarig": (
        "gör det som en publicist gör, sköter konton och läser loggen. Loggar in med en andra faktor."
    ),
}


def names(permissions):
    """Return the names of `permissions`, a queryset: `{"pages.add_page", …}`."""
    pairs = permissions.values_list("content_type__app_label", "codename")
    return {f"{app_label}.{codename}" for app_label, codename in pairs}


def permissions_of(account):
    """Return the names of the permissions that `account` has, or would have if it were active."""
    return names(Permission.objects.filter(Q(group__user=account) | Q(user=account)))


def may_manage(user, account):
    """Return whether `user` may manage `account`, a User or None.

    Only superusers manage superusers. Nobody manages an account that may do more than they may.
    """
    if account is None or user.is_superuser:
        return True
    return not account.is_superuser and permissions_of(account) <= user.get_all_permissions()


def roles_by_extent():
    """Return all roles as pairs of Group and set of permission names, the one that may do least first."""
    pairs = [(group, set()) for group in Group.objects.order_by("name")]
    permissions = {group.pk: granted for group, granted in pairs}
    rows = Group.permissions.through.objects.values_list(
        "group_id", "permission__content_type__app_label", "permission__codename"
    )
    for group_id, app_label, codename in rows:
        permissions[group_id].add(f"{app_label}.{codename}")
    return sorted(pairs, key=lambda pair: len(pair[1]))


def roles_for(user):
    """Return the roles that `user` may give to others: those that may do nothing that `user` may not."""
    own = user.get_all_permissions()
    return [group for group, granted in roles_by_extent() if user.is_superuser or granted <= own]


def role_of(account):
    """Return the role of `account`, a Group or None. If it has several, that is the one that may do most."""
    own = set(account.groups.values_list("pk", flat=True)) if account.pk else set()
    roles = [group for group, _granted in roles_by_extent() if group.pk in own]
    return roles[-1] if roles else None
