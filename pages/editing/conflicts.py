"""Concurrent edits: warns if others have the same form open, and refuses to overwrite their changes.

A form holds a fingerprint of the content that it was opened with. If the content has another fingerprint
when the form is saved, somebody else has saved it in the meantime.
"""

import datetime as dt
import hashlib
import json
import time

from django import forms
from django.contrib.admin.utils import unquote
from django.forms.models import _get_foreign_key
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst

from blekinge_site.formats import moment
from pages.editing.form_preview import is_preview
from pages.editing.permissions import is_open
from pages.models import OpenForm, Revision

MINUTES_OPEN = 30  # how long a form counts as open
# The hidden field that holds the fingerprint, an @, and when the form was opened, in Unix seconds.
SEEN_FIELD = "_seen"
MAX_FORMSET_ROWS = 1000


class ConflictMixin:
    """Keeps concurrent edits from being lost: shows who has a form open, and stops conflicting saves."""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        pk = unquote(object_id or "")
        was_open = request.method == "POST" and SEEN_FIELD in request.POST and pk.isdecimal()
        if was_open and self.has_perm_to_change(request):
            obj = self.model.objects.filter(pk=pk).first()
            if obj is None or not is_open(obj):
                self.keep_draft(request)
                return self.closed_meanwhile(request, obj, request.POST)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def closed_meanwhile(self, request, obj, data, extra_context=None):
        """Show the text in the `data` of a form whose `obj` has been published, or deleted (None)."""
        context = self.admin_site.each_context(request) | {
            "title": "Det du skrev är inte sparat",
            "opts": self.opts,
            "original": obj,
            "submitted": submitted_texts(data, self.model),
        }
        context |= extra_context or {}
        return TemplateResponse(request, "admin/closed_meanwhile.html", context)

    def find_conflict(self, request, form):
        """Return an error if the object of `form` has been saved since the form was opened, or None."""
        obj = form.instance
        seen = request.POST.get(SEEN_FIELD) if obj.pk else None
        if not seen or is_preview(request) or seen.startswith(fingerprint(self, obj)):
            return None
        formsets = [
            formset_class(
                **self.get_formset_kwargs(request, obj, inline, formset_class.get_default_prefix())
            )
            for formset_class, inline in self.get_formsets_with_inlines(request, obj)
        ]
        return conflict_error(request, form, formsets)

    def get_formset_kwargs(self, request, obj, inline, prefix):
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if "data" in kwargs:
            kwargs["data"] = revive_deleted_rows(kwargs["data"], inline.model, prefix)
        return kwargs

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        is_shown = context.get("form_is_shown", True)
        if obj is not None and is_shown and self.has_change_permission(request, obj):
            context["seen"] = f"{fingerprint(self, obj)}@{time.time()}"
            context["others"] = note_open_form(request, obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def response_change(self, request, obj):
        if not is_preview(request):
            note_closed_form(request, obj)
        return super().response_change(request, obj)


def fingerprint(model_admin, obj):
    """Return a str that changes when any value in the form of `obj` changes, inline rows included."""
    rows = [type(obj)._base_manager.filter(pk=obj.pk).values().get()]
    for inline in model_admin.inlines:
        parent = _get_foreign_key(model_admin.model, inline.model).attname
        names = [
            field.attname
            for field in inline.model._meta.concrete_fields
            if inline.fields is None
            or any(
                field.name == name or field.name.startswith(f"{name}_") for name in inline.fields
            )
        ]
        inline_rows = inline.model._base_manager.filter(**{parent: obj.pk}).order_by("pk")
        rows += inline_rows.values("pk", *names)
    for name in ("changed_at", "status", "published_at"):
        rows[0].pop(name, None)  # a save anywhere in the plan changes these too
    content = json.dumps(rows, default=str, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


# --- Open forms ------------------------------------------------------------------------------------


def display_name(user):
    """Return the name of `user` as staff know it; None is a deleted account."""
    return user.get_full_name() or str(user) if user else "Någon"


def note_open_form(request, obj):
    """Record that the user has opened the form of `obj`. Return the recent OpenForms of other users."""
    key = {"model": obj._meta.label_lower, "object_pk": obj.pk}
    OpenForm.objects.update_or_create(**key, user=request.user)
    return open_forms().filter(**key).exclude(user=request.user)


def open_forms():
    """Return the forms that count as open, with their users, in the order in which they were opened."""
    since = timezone.now() - dt.timedelta(minutes=MINUTES_OPEN)
    rows = OpenForm.objects.filter(opened_at__gt=since)
    return rows.select_related("user").order_by("opened_at")


def note_closed_form(request, obj):
    """Record that the user no longer has the form of `obj` open."""
    OpenForm.objects.filter(
        model=obj._meta.label_lower, object_pk=obj.pk, user=request.user
    ).delete()


# --- Conflicting saves -----------------------------------------------------------------------------


def conflict_error(request, form, formsets):
    """Return the error for a form opened before somebody else's save: who, when, and what differs."""
    _fingerprint, _at, opened = request.POST[SEEN_FIELD].rpartition("@")
    try:
        opened_at = dt.datetime.fromtimestamp(float(opened), dt.UTC)
    except (ValueError, OverflowError, OSError):
        opened_at = timezone.now()
    # Read from the database, as the instance may already have the form's values.
    publishable = form.instance.publishable().locked()
    revisions = Revision.objects.of(publishable).filter(made_at__gt=opened_at)
    last = revisions.select_related("made_by").first()
    editor = "Någon"
    if last:
        name = "Du själv" if last.made_by == request.user else display_name(last.made_by)
        editor = f"{name} {moment(last.made_at)}"
    differences = []
    for bound in [form, *(row for formset in formsets for row in formset.initial_forms)]:
        if bound.is_bound and bound.instance.pk:
            differences += [
                (bound.fields[name].label or name, shown_initial(bound, name))
                for name in bound.changed_data
                if name in bound.fields and name not in {"id", "DELETE", SEEN_FIELD}
            ]
    return forms.ValidationError(
        format_html(
            "{} sparade det här medan du hade det öppet. Inget av ditt är sparat, och inget är borta: "
            "det står kvar nedan. Så här har den andra sparat det som skiljer sig från ditt:"
            "<ul>{}</ul>Ändra nedan om du vill. Spara sedan igen, så gäller det som står här.",
            editor,
            format_html_join("", "<li>{}: ”{}”</li>", differences),
        ),
        code="conflict",
    )


def shown_initial(form, name):
    """Return the initial value of the field `name` as the form shows it."""
    value = form.fields[name].prepare_value(form[name].initial)
    return "" if value is None else value


def submitted_texts(data, model):
    """Return the texts in the `data` of a form that cannot be saved: `[(name of the field, text), …]`."""
    names = {field.name: capfirst(field.verbose_name) for field in model._meta.concrete_fields}
    hidden = {"csrfmiddlewaretoken", SEEN_FIELD}
    return [
        (names.get(name, name), text)
        for name, text in data.items()
        if text.strip() and name not in hidden and not name.startswith("_") and "_FORMS" not in name
    ]


def revive_deleted_rows(data, model, prefix):
    """Return the POST `data` with deleted rows of the formset `prefix` turned into new rows.

    A row that somebody has deleted since the form was opened can then be saved again, or removed.
    """
    total, initial = (data.get(f"{prefix}-{name}_FORMS", "") for name in ("TOTAL", "INITIAL"))
    if not (
        total.isdecimal() and initial.isdecimal() and int(initial) <= int(total) <= MAX_FORMSET_ROWS
    ):
        return data
    pks = [data.get(f"{prefix}-{row}-id", "") for row in range(int(initial))]
    valid_pks = [pk for pk in pks if pk.isdecimal()]
    rows = model._base_manager.filter(pk__in=valid_pks)
    existing_pks = set(map(str, rows.values_list("pk", flat=True)))
    if existing_pks.issuperset(pks):
        return data
    kept = [row for row, pk in enumerate(pks) if pk in existing_pks]
    order = [*kept, *(row for row in range(int(total)) if row not in kept)]
    new_data = data.copy()
    for name in list(new_data):
        if name.startswith(f"{prefix}-") and name.split("-")[1].isdecimal():
            del new_data[name]
    for new_row, row in enumerate(order):
        start = f"{prefix}-{row}-"
        for name in data:
            if name.startswith(start):
                new_data[f"{prefix}-{new_row}-{name.removeprefix(start)}"] = data[name]
        if new_row >= len(kept):
            new_data[f"{prefix}-{new_row}-id"] = ""
    new_data[f"{prefix}-INITIAL_FORMS"] = str(len(kept))
    return new_data
