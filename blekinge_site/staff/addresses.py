"""The addresses of pages in the admin."""

from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.urls import reverse


def admin_address(model, page, *args, query=None):
    """Return the address of the admin's `page` for `model`, a class or an instance.

    `page` is the last part of the page's URL name: "changelist", "change", "history" and so on.
    """
    return reverse(admin_urlname(model._meta, page), args=args, query=query)


def change_address(obj):
    """Return the address of the admin page where `obj` is changed."""
    return admin_address(obj, "change", obj.pk)


# The parameter that opens the form of a publishable itself, on the page that shows its parts.
FORM_PARAMETER = "del"


def form_address(obj):
    """Return the address of the page that shows the fields of `obj`."""
    query = None if obj.PARENT_FIELD else {FORM_PARAMETER: "om"}
    return admin_address(obj, "change", obj.pk, query=query)
