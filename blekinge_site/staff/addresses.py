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
