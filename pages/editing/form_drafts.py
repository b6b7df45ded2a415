"""Personal drafts: what a user has typed in a form and not saved is kept on the server, for that user alone.

Each form holds a signed token that names the user it was made for and its address. It lets the form's
content be kept even when it arrives after the sign-in has run out. It never lets anybody read it.
"""

import datetime as dt
import json

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core import signing
from django.http import QueryDict
from django.utils import timezone

from pages.models import FormDraft

DRAFT_DAYS = 30  # how long a draft is kept
MAX_DRAFTS = 50  # of each user; the oldest are deleted
MAX_DRAFT_BYTES = 1024 * 1024  # a larger form is not kept
MAX_FORM_LENGTH = FormDraft._meta.get_field("form").max_length

TOKEN_FIELD = "_draft"
FILES_FIELD = "_files"  # the names of chosen files, which the script sends
SEEN_FIELD = "_seen"  # as in conflicts.py: when a draft was begun stays with the draft
SALT = "pages.form_draft"
# Query parameters that don't decide what the form is about.
OTHER_PARAMETERS = {"_changelist_filters", "kolumn"}


def form_of(request):
    """Return the address that identifies the form in `request`: its path, and what fills it in."""
    query = request.GET.copy()
    for name in OTHER_PARAMETERS:
        query.pop(name, None)
    return f"{request.path}?{query.urlencode()}" if query else request.path


def token_for(user, form):
    """Return the token that lets the content of `form` be kept as a draft of `user`."""
    return signing.dumps([user.pk, form], salt=SALT)


def named_by_token(data):
    """Return `(user, address of the form)` from the token in `data`; `(None, None)` without a valid one."""
    try:
        pk, form = signing.loads(
            data.get(TOKEN_FIELD, ""), salt=SALT, max_age=dt.timedelta(days=DRAFT_DAYS)
        )
    except signing.BadSignature:
        return None, None
    user = get_user_model().objects.filter(pk=pk, is_active=True, is_staff=True).first()
    return (user, form) if user else (None, None)


def drafts_of(user):
    """Return the drafts that `user` may see: their own, as long as they are kept."""
    kept_since = timezone.now() - dt.timedelta(days=DRAFT_DAYS)
    return FormDraft.objects.filter(user=user, saved_at__gte=kept_since)


def content_of(data, files=()):
    """Return what to keep of the submitted QueryDict `data`, as JSON."""
    fields = [
        [name, value]
        for name, values in data.lists()
        for value in values
        if name == SEEN_FIELD or not name.startswith("_") and name != "csrfmiddlewaretoken"
    ]
    return json.dumps({"fields": fields, "files": [*files, *data.getlist(FILES_FIELD)]})


def keep(user, form, data, files=()):
    """Keep `data` as the draft of `form`. Return whether it was within bounds."""
    content = content_of(data, files)
    if len(form) > MAX_FORM_LENGTH or len(content) > MAX_DRAFT_BYTES:
        return False
    FormDraft.objects.update_or_create(user=user, form=form, defaults={"fields": content})
    own = FormDraft.objects.filter(user=user)
    newest = drafts_of(user).order_by("-saved_at", "-pk").values_list("pk", flat=True)[:MAX_DRAFTS]
    own.exclude(pk__in=list(newest)).delete()
    return True


def chosen_files(request):
    return [file.name for files in request.FILES.lists() for file in files[1]]


def keep_refused(request):
    """Keep what a form has sent although its user is no longer signed in, and say so."""
    user, form = named_by_token(request.POST)
    if user is None or request.user.is_authenticated and request.user != user:
        return
    if keep(user, form, request.POST, chosen_files(request)):
        rest = "men det du skrev är kvar åt dig. Det står i formuläret när du har loggat in."
    else:
        rest = "och formuläret var för stort för att bevaras."
    messages.warning(
        request, f"Inloggningen hade gått ut när du sparade. Inget är sparat på webbplatsen, {rest}"
    )


class FormDraftMixin:
    """Fills in a form with what the user typed before and did not save."""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        request.form_draft = None
        if request.method == "GET":
            request.form_draft = drafts_of(request.user).filter(form=form_of(request)).first()
        return super().changeform_view(request, object_id, form_url, extra_context)

    def may_fill_in(self, request, obj):
        return obj is None or obj.pk is None or self.has_change_permission(request, obj)

    def draft_data(self, request):
        """Return the user's draft of the form in `request` as a QueryDict, or None."""
        draft = getattr(request, "form_draft", None)
        if draft is None:
            return None
        data = QueryDict(mutable=True)
        for name, value in json.loads(draft.fields)["fields"]:
            data.appendlist(name, value)
        return data

    def get_formset_kwargs(self, request, obj, inline, prefix):
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        data = self.draft_data(request)
        if data and f"{prefix}-TOTAL_FORMS" in data and self.may_fill_in(request, obj):
            kwargs |= {"data": data, "files": {}}
        return kwargs

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        may_fill_in = self.may_fill_in(request, obj)
        if may_fill_in:
            context |= {
                "draft_token": token_for(request.user, form_of(request)),
                "session_seconds": settings.SESSION_COOKIE_AGE,
            }
        if request.method == "POST":  # the form has errors
            data = request.POST.copy()
            if "seen" in context:
                data[SEEN_FIELD] = context["seen"]
            keep(request.user, form_of(request), data, chosen_files(request))
        elif request.form_draft and may_fill_in:
            forms = [context["adminform"].form]
            forms += [inline.formset for inline in context["inline_admin_formsets"]]
            if any(form.has_changed() for form in forms):
                context |= self.draft_context(request)
                context["seen"] = self.draft_data(request).get(SEEN_FIELD) or context.get("seen")
        elif request.form_draft:
            context |= self.draft_context(request)
            context["draft_token"] = token_for(request.user, form_of(request))
            context["draft_texts"] = [
                (self.label_of(name), text)
                for name, text in self.draft_data(request).items()
                if text.strip() and name != SEEN_FIELD and "_FORMS" not in name
            ]
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def label_of(self, name):
        names = {field.name: field.verbose_name for field in self.model._meta.concrete_fields}
        return str(names.get(name, name))

    def draft_context(self, request):
        files = json.loads(request.form_draft.fields)["files"]
        return {"draft": request.form_draft, "draft_files": files}

    def response_add(self, request, obj, *args, **kwargs):
        self.forget_draft(request)
        return super().response_add(request, obj, *args, **kwargs)

    def response_change(self, request, obj):
        self.forget_draft(request)
        return super().response_change(request, obj)

    def forget_draft(self, request):
        FormDraft.objects.filter(user=request.user, form=form_of(request)).delete()
