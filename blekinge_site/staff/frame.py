"""The frame of the staff's pages: the menu of places, icons and initials."""

from django import template
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html

register = template.Library()


@register.simple_tag
def icon(name):
    """Return the symbol `name` of static/img/icons.svg as an image that screen readers skip."""
    address = f"{static('img/icons.svg')}#{name}"
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', address)


@register.filter
def initial(user):
    """Return the first letter of the user's name."""
    return (user.get_short_name() or user.get_username())[:1].upper()


def place_of(model):
    """Return the label of the model in settings.STAFF_PLACES under which rows of `model` belong."""
    publishable_model = getattr(model, "publishable_model", lambda: model)
    return publishable_model()._meta.label


@register.simple_tag(takes_context=True)
def staff_places(context):
    """Return the menu for the user: `[{"name", "address", "is_current", "waiting_count"}, …]`.

    The user is that of `context["request"]`. The current place is that of the model of `context["opts"]`, or
    of the publishable that it is a part of. Places whose content the user may not view are left out. If the
    admin class of a place has a method `waiting_count`, it returns how much there waits for somebody.
    """
    request = context["request"]
    opts = context.get("opts")
    current = place_of(opts.model) if opts else None
    places = []
    for name, label, view in settings.STAFF_PLACES:
        model_admin = admin.site.get_model_admin(apps.get_model(label))
        if model_admin.has_view_permission(request):
            address = reverse(f"admin:{view}")
            waiting_count = getattr(model_admin, "waiting_count", int)()
            places.append(
                {
                    "name": name,
                    "address": address,
                    "is_current": label == current,
                    "waiting_count": waiting_count,
                }
            )
    return places
