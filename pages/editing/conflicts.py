"""Several editors at once: who else has a form open, and what somebody saved while it was."""

import datetime as dt
import hashlib
import json

from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.forms.models import _get_foreign_key
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst

from blekinge_site.formats import moment
from pages.models import OpenForm, Revision

MINUTES_OPEN = 30
SEEN = "_seen"  # the name of the form's hidden field: a fingerprint, @, and when it was opened
MOST_ROWS = 1000


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
    _print, _at, opened = request.POST[SEEN].rpartition("@")
    try:
        opened = dt.datetime.fromtimestamp(float(opened), dt.UTC)
    except (ValueError, OverflowError, OSError):
        opened = timezone.now()
    saved = thing.publishable().locked()  # as it is, not as the form has it
    since = Revision.objects.of(saved).filter(made_at__gt=opened).select_related("made_by")
    last = since.first()
    who = "Någon"
    if last:
        name = "Du själv" if last.made_by == request.user else called(last.made_by)
        who = f"{name} {moment(last.made_at)}"
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


def written(request, model):
    """Return what was written in a form that cannot be saved: `[(name of the field, text), …]`."""
    names = {field.name: capfirst(field.verbose_name) for field in model._meta.concrete_fields}
    hidden = {"csrfmiddlewaretoken", SEEN}
    return [
        (names.get(name, name), text)
        for name, text in request.POST.items()
        if text.strip() and name not in hidden and not name.startswith("_") and "_FORMS" not in name
    ]


def revive_deleted_rows(data, model, prefix):
    """Return the sent `data` of the rows `prefix` with those that are deleted meanwhile as new ones.

    What somebody wrote in such a row is then there to be saved again, or removed.
    """
    total, initial = (data.get(f"{prefix}-{name}_FORMS", "") for name in ("TOTAL", "INITIAL"))
    if not (total.isdecimal() and initial.isdecimal() and int(initial) <= int(total) <= MOST_ROWS):
        return data
    numbers = [data.get(f"{prefix}-{row}-id", "") for row in range(int(initial))]
    asked = [number for number in numbers if number.isdecimal()]
    there = set(map(str, model._base_manager.filter(pk__in=asked).values_list("pk", flat=True)))
    if there.issuperset(numbers):
        return data
    kept = [row for row, number in enumerate(numbers) if number in there]
    order = [*kept, *(row for row in range(int(total)) if row not in kept)]
    changed = data.copy()
    for name in list(changed):
        if name.startswith(f"{prefix}-") and name.split("-")[1].isdecimal():
            del changed[name]
    for place, row in enumerate(order):
        start = f"{prefix}-{row}-"
        for name in data:
            if name.startswith(start):
                changed[f"{prefix}-{place}-{name.removeprefix(start)}"] = data[name]
        if place >= len(kept):
            changed[f"{prefix}-{place}-id"] = ""
    changed[f"{prefix}-INITIAL_FORMS"] = str(len(kept))
    return changed
