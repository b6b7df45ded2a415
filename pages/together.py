"""Several editors at once: who else has a form open, and what somebody saved while it was."""

import datetime as dt
import hashlib
import json

from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.forms.models import _get_foreign_key
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from blekinge_site.formats import moment
from pages.models import OpenForm, Revision

MINUTES_OPEN = 30
SEEN = "_seen"  # the name of the form's hidden field


def fingerprint(model_admin, thing):
    """Return a str that changes when anything does that the form of `thing` shows, rows below included."""
    rows = [type(thing)._base_manager.filter(pk=thing.pk).values().get()]
    for inline in model_admin.inlines:
        owner = _get_foreign_key(model_admin.model, inline.model).attname
        names = [
            field.attname
            for field in inline.model._meta.concrete_fields
            if inline.fields is None
            or any(
                field.name == name or field.name.startswith(f"{name}_") for name in inline.fields
            )
        ]
        below = inline.model._base_manager.filter(**{owner: thing.pk}).order_by("pk")
        rows += below.values("pk", *names)
    for name in ("changed_at", "status", "published_at"):
        rows[0].pop(name, None)  # what a save anywhere in the plan changes too
    said = json.dumps(rows, cls=DjangoJSONEncoder, sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def called(user):
    """Return what staff call `user`, who may be gone."""
    return user.get_full_name() or str(user) if user else "Någon"


def overtaken(request, form, formsets):
    """Return an error for a form that was opened before somebody else's save: who, when, what differs."""
    thing = form.instance
    last = (
        Revision.objects.of(thing.publishable())
        .exclude(made_by=request.user)
        .select_related("made_by")
    ).first()
    who = f"{called(last.made_by)} {moment(last.made_at)}" if last else "Någon annan"
    rows = []
    for one in [form, *(row for formset in formsets for row in formset.initial_forms)]:
        if one.is_bound and one.instance.pk:
            rows += [
                (
                    one.fields[name].label or name,
                    one[name].initial if one[name].initial is not None else "",
                )
                for name in one.changed_data
                if name in one.fields and name not in {"id", "DELETE", SEEN}
            ]
    listed = format_html_join("", "<li>{}: ”{}”</li>", rows)
    return forms.ValidationError(
        format_html(
            "{} sparade det här medan du hade det öppet. Inget av ditt är sparat, och inget är borta: "
            "det står kvar nedan. Så här har den andra sparat det som skiljer sig från ditt:"
            "<ul>{}</ul>Ändra nedan om du vill. Spara sedan igen, så gäller det som står här.",
            who,
            listed,
        ),
        code="overtaken",
    )


def note_open(request, thing):
    """Note that the user has the form of `thing` open; return the others who opened it lately."""
    key = {"model": thing._meta.label_lower, "object_pk": thing.pk}
    OpenForm.objects.update_or_create(**key, user=request.user)
    since = timezone.now() - dt.timedelta(minutes=MINUTES_OPEN)
    others = OpenForm.objects.filter(**key, opened_at__gt=since).exclude(user=request.user)
    return others.select_related("user").order_by("opened_at")


def note_closed(request, thing):
    """Note that the user has saved `thing`."""
    OpenForm.objects.filter(
        model=thing._meta.label_lower, object_pk=thing.pk, user=request.user
    ).delete()
