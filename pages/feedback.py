"""Feedback from visitors: *Hjälpte informationen på sidan dig?*, then a message if they like.

Visitors have no cookies and therefore no CSRF tokens. Instead, a request is accepted only if its headers
say that it comes from this site. The signed pk of the answer connects the first step with the second.
If the answer cannot be saved, because a limit is reached or the database is down, it stays in the form.
"""

import logging
import math
from functools import wraps

from django import forms
from django.conf import settings
from django.core import signing
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import DataError, Error, IntegrityError
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from blekinge_site.formats import LinesField
from blekinge_site.languages import in_each_language
from blekinge_site.serving.queries import reads_query
from pages.limits import seconds_to_wait
from pages.models import Feedback
from pages.personal_numbers import holds_personal_number

logger = logging.getLogger(__name__)

SALT = "pages.feedback"
HOURS_TO_ADD_MESSAGE = 24
RETRY_SECONDS = 60  # a database restart usually takes less
TRAP_FIELD = "website"  # in _trap.html, hidden from people but not from spam bots


class AnswerForm(forms.Form):
    address = forms.CharField(max_length=500, widget=forms.HiddenInput)
    helpful = forms.TypedChoiceField(
        choices=[("ja", ""), ("nej", "")],
        coerce=lambda answer: answer == "ja",
        widget=forms.HiddenInput,
    )

    def clean_address(self):
        address = self.cleaned_data["address"]
        if not address.startswith("/") or not url_has_allowed_host_and_scheme(address, None):
            raise forms.ValidationError("not a page of this site")
        # Visitors choose the address: the question is also on pages for addresses that don't exist.
        if holds_personal_number(address):
            raise forms.ValidationError("holds a personal identity number")
        return address


class MessageForm(forms.ModelForm):
    message = LinesField(
        label=_("Berätta gärna mer"),
        max_length=2000,
        required=False,
        # Django sets aria-describedby to the ids of this text and the error, which the template renders.
        help_text=_(
            "Skriv inte personnummer eller uppgifter om hälsa. Det du skickar blir en allmän handling."
            " Vi kan inte svara, eftersom vi inte vet vem du är."
        ),
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={
            "max_length": _("Texten får ha högst 2 000 tecken. Korta den och skicka igen.")
        },
    )

    class Meta:
        model = Feedback
        fields = ["message"]

    def clean_message(self):
        message = self.cleaned_data["message"]
        if holds_personal_number(message):
            raise forms.ValidationError(
                _(
                    "Texten ser ut att innehålla ett personnummer. Ta bort det och skicka igen."
                    " Inget av texten är sparat."
                )
            )
        return message


class SeeOther(HttpResponseRedirect):
    """A redirect after a POST, so that a reload doesn't send the form again."""

    status_code = 303


def refuse_other_sites(request):
    """Raise PermissionDenied if the headers say that a page of another site sent this request."""
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        is_from_this_site = fetch_site in {"same-origin", "none"}
    else:
        origin = request.headers.get("Origin")
        is_from_this_site = (
            origin is None or origin == f"{request.scheme}://{request.get_host().lower()}"
        )
    if not is_from_this_site:
        raise PermissionDenied("feedback from another site's page")


def feedback_of(token):
    """Return the Feedback whose pk is in `token`, or None if it is invalid, expired or deleted."""
    try:
        pk = signing.loads(token, salt=SALT, max_age=HOURS_TO_ADD_MESSAGE * 3600)
    except signing.BadSignature:
        return None
    return Feedback.objects.filter(pk=pk).first()


def not_now(request, status, seconds):
    """Return the page that asks the visitor to try again later, with the sent data in its form.

    It makes no queries.
    """
    form = None
    if "svar" in request.GET:
        form = MessageForm(initial=request.POST.dict())
    elif request.method == "POST":
        form = AnswerForm(initial=request.POST.dict())
    context = {
        "site_name": settings.SITE_NAME,
        "feedback_days": settings.FEEDBACK_DAYS,
        "is_too_much": status == 429,
        "minutes": math.ceil(seconds / 60),
        "form": form,
    }
    html = render_to_string("pages/not_now.html", context)
    return HttpResponse(html, status=status, headers={"Retry-After": str(seconds)})


def takes_feedback(view):
    """Protect `view` from other sites, spam, too many requests and a database that is down."""

    def respond(request):
        try:
            if request.method == "POST":
                refuse_other_sites(request)
                if seconds := seconds_to_wait(request, "feedback"):
                    return not_now(request, 429, seconds)
                if request.POST.get(TRAP_FIELD):
                    return SeeOther(reverse("pages:feedback_thanks"))  # save nothing
            return view(request)
        except (DataError, IntegrityError):
            raise  # a bug, not a database that is down
        except Error as error:
            logger.error("Feedback cannot be saved: %s", error)
            return not_now(request, 503, RETRY_SECONDS)

    @csrf_exempt
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def wrapper(request):
        response = respond(request)
        if "svar" in request.GET:  # the address lets anyone add a message
            add_never_cache_headers(response)
        return response

    return wrapper


@takes_feedback
def receive(request):
    if request.method != "POST":
        # The visitor has reloaded an error page at this address.
        return redirect("planning:start")
    form = AnswerForm(request.POST)
    if not form.is_valid():
        raise BadRequest("not an answer to the question")
    answer = Feedback.objects.create(language=get_language(), **form.cleaned_data)
    token = signing.dumps(answer.pk, salt=SALT)
    return SeeOther(f"{reverse('pages:feedback_thanks')}?{urlencode({'svar': token})}")


@reads_query("svar")
@takes_feedback
def thanks(request):
    token = request.GET.get("svar", "")
    answer = feedback_of(token)
    form = None
    if request.method == "POST":
        form = MessageForm(request.POST, instance=answer)
        if answer and form.is_valid():
            if form.cleaned_data["message"]:
                form.save()
            return SeeOther(request.get_full_path())
    elif answer and not answer.message:
        form = MessageForm()
    query = f"?{urlencode({'svar': token})}" if answer else ""
    return render(
        request,
        "pages/thanks.html",
        {
            "addresses": in_each_language(lambda: reverse("pages:feedback_thanks") + query),
            "answer": answer,
            "form": form,
            "too_late": request.method == "POST" and answer is None,
            "feedback_days": settings.FEEDBACK_DAYS,
            "is_feedback": True,
        },
    )
