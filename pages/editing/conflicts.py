"""Concurrent edits: tells if others have the same form open, and merges what both have changed.

A form holds a fingerprint of the content that it was opened with, and its values. If the content has another
fingerprint when the form is saved, somebody else has saved it in the meantime.
"""

import datetime as dt
import hashlib
import json
import time

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core import signing
from django.db import transaction
from django.forms.models import _get_foreign_key
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import capfirst

from blekinge_site.formats import moment
from pages.editing.form_preview import is_preview
from pages.editing.merging import CHOICE, choose_theirs, merge, opened_values
from pages.editing.permissions import is_open
from pages.models import OpenForm, Revision

MINUTES_OPEN = 30  # how long a form counts as open
# The hidden field that holds the fingerprint, when the form was opened, in Unix seconds, and the signed
# values that it was opened with, separated by @.
SEEN_FIELD = "_seen"


class ConflictMixin:
    """Keeps concurrent edits from being lost: shows who has a form open, and asks about what both changed."""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        pk = unquote(object_id or "")
        was_open = request.method == "POST" and SEEN_FIELD in request.POST and pk.isdecimal()
        if not was_open or not self.has_perm_to_change(request):
            return super().changeform_view(request, object_id, form_url, extra_context)
        with transaction.atomic():
            # Locked, so that nobody saves between merging and saving.
            obj = self.get_object(request, pk)
            if obj is None or not is_open(obj):
                self.keep_draft(request)
                return self.closed_meanwhile(request, obj, request.POST)
            self.merge_submitted(request, obj)
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

    def merge_submitted(self, request, obj):
        """Merge what others have saved since the form was opened into `request.POST`.

        Sets `request.conflicts`, which the user must decide, and `request.other_editor`, the words of
        `last_editor`. Neither is set if nobody else has saved.
        """
        seen = request.POST[SEEN_FIELD]
        form = self.get_form(request, obj, change=True)(instance=obj)
        content = fingerprint(self, obj)
        request.POST = request.POST.copy()
        if seen.startswith(content):
            if any(name.startswith(CHOICE) for name in request.POST):
                choose_theirs(request.POST, request.FILES, form, self.saved_formsets(request, obj))
            return
        opened_at, opened = read_token(seen)
        formsets = self.saved_formsets(request, obj)
        request.conflicts = merge(request.POST, request.FILES, opened, form, formsets)
        request.other_editor = last_editor(request, obj.publishable(), opened_at)

    def saved_formsets(self, request, obj):
        """Return the unbound formsets of `obj`, which show what is saved."""
        formsets = []
        for formset_class, inline in self.get_formsets_with_inlines(request, obj):
            prefix = formset_class.get_default_prefix()
            kwargs = self.get_formset_kwargs(request, obj, inline, prefix)
            for name in ("data", "files", "save_as_new"):
                kwargs.pop(name, None)
            formsets.append(formset_class(**kwargs))
        return formsets

    def find_conflict(self, request, form):
        """Return an error if the user must decide between their own text and a colleague's, or None."""
        if not getattr(request, "conflicts", None) or is_preview(request):
            return None
        return forms.ValidationError(
            f"{request.other_editor[0]} sparade det här medan du hade det öppet. Välj under Ni har båda"
            " ändrat, och spara igen. Inget av ditt är sparat än, och inget är borta.",
            code="conflict",
        )

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        is_shown = context.get("form_is_shown", True)
        if obj is not None and is_shown and self.has_change_permission(request, obj):
            formsets = [inline.formset for inline in context["inline_admin_formsets"]]
            form = context["adminform"].form
            context |= {
                "seen": seen_token(fingerprint(self, obj), form, formsets),
                "others": note_open_form(request, obj),
                "conflicts": getattr(request, "conflicts", []),
                "other_is_user": getattr(request, "other_editor", ("", False))[1],
            }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def response_change(self, request, obj):
        if not is_preview(request):
            note_closed_form(request, obj)
            if hasattr(request, "other_editor"):
                messages.info(
                    request,
                    f"{request.other_editor[0]} sparade också det här medan du hade det öppet. Det som bara"
                    " en av er har ändrat är med.",
                )
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


def seen_token(content, form, formsets):
    """Return the value of SEEN_FIELD for a form that shows `content`, a fingerprint."""
    opened = signing.dumps(opened_values(form, formsets), salt=SEEN_FIELD, compress=True)
    return f"{content}@{time.time()}@{opened}"


def read_token(seen):
    """Return when a form was opened, a datetime, and with what values, a dict or None if unknown."""
    _fingerprint, opened_at, opened = [*seen.split("@", 2), "", ""][:3]
    try:
        values = signing.loads(opened, salt=SEEN_FIELD)
    except signing.BadSignature:
        values = None
    try:
        return dt.datetime.fromtimestamp(float(opened_at), dt.UTC), values
    except (ValueError, OverflowError, OSError):
        return timezone.now(), values


def last_editor(request, publishable, since):
    """Return who saved `publishable` last after `since`, and when, in words, and whether it was the user."""
    revisions = Revision.objects.of(publishable).filter(made_at__gt=since).defer("content")
    last = revisions.select_related("made_by").first()
    if last is None:
        return "Någon", False
    is_user = last.made_by == request.user
    name = "Du själv" if is_user else display_name(last.made_by)
    return f"{name} {moment(last.made_at)}", is_user


def submitted_texts(data, model):
    """Return the texts in the `data` of a form that cannot be saved: `[(name of the field, text), …]`."""
    names = {field.name: capfirst(field.verbose_name) for field in model._meta.concrete_fields}
    hidden = {"csrfmiddlewaretoken", SEEN_FIELD}
    return [
        (names.get(name, name), text)
        for name, text in data.items()
        if text.strip() and name not in hidden and not name.startswith("_") and "_FORMS" not in name
    ]
