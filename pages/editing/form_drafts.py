"""Personal drafts: what a user has typed in a form and not saved is kept on the server, for that user alone.

Each form holds a signed token that names the user it was made for and its address. It lets the form's
content be kept even when it arrives after the sign-in has run out. It never lets anybody read it.
"""

import datetime as dt
import json

from django.conf import settings
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.core import signing
from django.http import QueryDict
from django.utils import timezone
from django.utils.text import capfirst

from pages.editing.conflicts import SEEN_FIELD, submitted_texts
from pages.editing.saving import kind_and_name
from pages.models import FormDraft

DRAFT_DAYS = 30  # how long a draft is kept
MAX_DRAFTS = 50  # of each user; the oldest are deleted
MAX_DRAFT_BYTES = 1024 * 1024  # a larger form is not kept
MAX_ADDRESS_LENGTH = FormDraft._meta.get_field("form").max_length

TOKEN_FIELD = "_draft"
FILES_FIELD = "_files"  # the names of chosen files, which the script sends
SALT = "pages.form_draft"


# --- Which form, and whose -------------------------------------------------------------------------


def address_of(request):
    """Return the address that identifies the form in `request`.

    The query says what a form for a new object is filled in with; for an existing one it doesn't matter.
    """
    query = request.GET.copy()
    query.pop("_changelist_filters", None)
    is_new = "object_id" not in request.resolver_match.kwargs
    return f"{request.path}?{query.urlencode()}" if is_new and query else request.path


def token_for(user, form, name):
    """Return the token that lets the content of the form at the address `form` be kept as a draft of `user`.

    `name` is what the draft is called in lists.
    """
    return signing.dumps([user.pk, form, name], salt=SALT)


def read_token(data):
    """Return `(user, address of the form, name)` from the token in `data`, or None without a valid one."""
    max_age = dt.timedelta(days=DRAFT_DAYS)
    try:
        pk, form, name = signing.loads(data.get(TOKEN_FIELD, ""), salt=SALT, max_age=max_age)
    except signing.BadSignature:
        return None
    user = get_user_model().objects.filter(pk=pk, is_active=True, is_staff=True).first()
    return (user, form, name) if user else None


def drafts_of(user):
    """Return the drafts that `user` may see: their own, as long as they are kept."""
    kept_since = timezone.now() - dt.timedelta(days=DRAFT_DAYS)
    return FormDraft.objects.filter(user=user, saved_at__gte=kept_since)


# --- Keeping ---------------------------------------------------------------------------------------


def chosen_files(request):
    """Return the names of the files that `request` has uploaded."""
    return [file.name for _field, files in request.FILES.lists() for file in files]


def content_of(data, files=()):
    """Return what to keep of the submitted QueryDict `data`, as JSON in ASCII."""
    fields = [
        [name, value]
        for name, values in data.lists()
        for value in values
        if name == SEEN_FIELD or not (name.startswith("_") or name == "csrfmiddlewaretoken")
    ]
    return json.dumps({"fields": fields, "files": [*files, *data.getlist(FILES_FIELD)]})


def keep(user, form, name, data, files=()):
    """Keep `data` as the draft of the form at the address `form`. Return whether it was within bounds."""
    content = content_of(data, files)
    if len(form) > MAX_ADDRESS_LENGTH or len(content) > MAX_DRAFT_BYTES:
        return False
    values = {"name": name, "fields": content}
    FormDraft.objects.update_or_create(user=user, form=form, defaults=values)
    newest = drafts_of(user).order_by("-saved_at", "-pk").values_list("pk", flat=True)[:MAX_DRAFTS]
    FormDraft.objects.filter(user=user).exclude(pk__in=list(newest)).delete()
    return True


def token_of(request):
    """Return what the token in the submitted form says, or None if it isn't for the signed-in user.

    If nobody is signed in, a token for any user counts.
    """
    token = read_token(request.POST)
    is_other = token and request.user.is_authenticated and request.user != token[0]
    return None if is_other else token


def keep_refused(request, reason="Inloggningen hade gått ut när du sparade."):
    """Keep the form that `request` has sent, although it is refused for `reason`, and tell the user so.

    Return the address of the form, or None if it is not kept.
    """
    token = token_of(request)
    if token is None:
        return None
    _user, form, _name = token
    is_kept = keep(*token, request.POST, chosen_files(request))
    outcome = (
        "men det du skrev är kvar åt dig i formuläret."
        if is_kept
        else "och formuläret var för stort för att bevaras."
    )
    messages.warning(request, f"{reason} Inget är sparat på webbplatsen, {outcome}")
    return form if is_kept else None


# --- In the admin ----------------------------------------------------------------------------------


class FormDraftMixin:
    """Fills in a form with what the user typed before and did not save."""

    # The names of inputs that belong to the template, not to a form. The context has their values.
    template_inputs = ()

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        request.form_draft = None
        if request.method == "GET":
            request.form_draft = drafts_of(request.user).filter(form=address_of(request)).first()
        is_orphan = (
            request.form_draft
            and object_id
            and self.has_perm_to_change(request)
            and self.get_object(request, unquote(object_id)) is None
        )
        if is_orphan:
            context = {"draft": request.form_draft}
            return self.closed_meanwhile(request, None, self.draft_data(request), context)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def may_fill_in(self, request, obj):
        return obj is None or obj.pk is None or self.has_change_permission(request, obj)

    def draft_data(self, request):
        """Return the user's draft of the form in `request` as a QueryDict, or None."""
        draft = getattr(request, "form_draft", None)
        if draft is None:
            return None
        data = QueryDict(mutable=True)
        for name, value in draft.content()["fields"]:
            data.appendlist(name, value)
        return data

    def get_formset_kwargs(self, request, obj, inline, prefix):
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        data = self.draft_data(request)
        if data and f"{prefix}-TOTAL_FORMS" in data and self.may_fill_in(request, obj):
            kwargs |= {"data": data, "files": {}}
        return kwargs

    def keep_draft(self, request, seen=None):
        """Keep the form in `request`, which is not saved, as opened with the content `seen`."""
        data = request.POST.copy()
        if seen:
            data[SEEN_FIELD] = seen
        if token := token_of(request):
            keep(*token, data, chosen_files(request))

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        may_fill_in = self.may_fill_in(request, obj)
        if may_fill_in:
            name = capfirst(kind_and_name(obj)) if obj else context["title"]
            context |= {
                "draft_token": token_for(request.user, address_of(request), name),
                "session_seconds": settings.SESSION_COOKIE_AGE,
            }
        if request.method == "POST":  # the form has errors
            self.keep_draft(request, context.get("seen"))
            context["files_to_choose"] = chosen_files(request)
        elif request.form_draft:
            context |= self.draft_context(request, context, may_fill_in)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def draft_context(self, request, context, may_fill_in):
        """Return the context that shows the draft; delete a draft that says what is already saved."""
        draft = request.form_draft
        data = self.draft_data(request)
        if not may_fill_in:
            return {"draft": draft, "draft_texts": submitted_texts(data, self.model)}
        forms = [context["adminform"].form]
        forms += [inline.formset for inline in context["inline_admin_formsets"]]
        inputs = {name: data[name] for name in self.template_inputs if data.get(name)}
        has_more = inputs or draft.content()["files"]
        if not has_more and not any(form.has_changed() for form in forms):
            draft.delete()  # the script sent it just before the user saved
            return {}
        seen = data.get(SEEN_FIELD, "")
        saved = context.get("seen", "")
        is_outdated = bool(seen) and seen.partition("@")[0] != saved.partition("@")[0]
        shown = {"draft": draft, "draft_is_outdated": is_outdated, "seen": seen or saved}
        return shown | inputs

    def response_add(self, request, obj, *args, **kwargs):
        self.forget_draft(request)
        return super().response_add(request, obj, *args, **kwargs)

    def response_change(self, request, obj):
        self.forget_draft(request)
        return super().response_change(request, obj)

    def forget_draft(self, request):
        FormDraft.objects.filter(user=request.user, form=address_of(request)).delete()
