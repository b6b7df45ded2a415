"""*Hjälpte informationen på sidan dig?* Yes or no, then a few words if the visitor likes.

Visitors have no cookie and so no CSRF token: a request is taken only from our own pages, as the
browser says. The answer's number, signed, carries a visitor from the first step to the second.
What cannot be taken in now, since there is too much of it or the database is down, stays in the form.
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
HOURS_TO_ADD_WORDS = 24
SECONDS_UNTIL_UP = 60  # a guess: a database that is restarted takes less
TRAP = "website"  # the field in _trap.html


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
        # It is the visitor's to choose: pages that are not there end in the question too.
        if holds_personal_number(address):
            raise forms.ValidationError("not to be kept")
        return address


class MessageForm(forms.ModelForm):
    message = LinesField(
        label=_("Berätta gärna mer"),
        max_length=2000,
        required=False,
        # Django points from the field to this and to the error, by the ids that the template gives.
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
    """Redirects to what has come of a POST; a reload then sends nothing twice."""

    status_code = 303


def refuse_other_sites(request):
    """Raise PermissionDenied if the browser says that another site's page sent this request."""
    came_from = request.headers.get("Sec-Fetch-Site")
    if came_from is not None:
        ours = came_from in {"same-origin", "none"}
    else:
        origin = request.headers.get("Origin")
        ours = origin is None or origin == f"{request.scheme}://{request.get_host().lower()}"
    if not ours:
        raise PermissionDenied("feedback from another site's page")


def answer_of(token):
    """Return the Feedback that `token` stands for, or None if it is forged, old or deleted."""
    try:
        pk = signing.loads(token, salt=SALT, max_age=HOURS_TO_ADD_WORDS * 3600)
    except signing.BadSignature:
        return None
    return Feedback.objects.filter(pk=pk).first()


def not_now(request, status, seconds):
    """Answer, without a query, that nothing is taken in now; what the visitor sent is in the form."""
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
    """Let `view` take what our own visitors send, where there is room for it and a database to keep it."""

    def answer_to(request):
        try:
            if request.method == "POST":
                refuse_other_sites(request)
                if seconds := seconds_to_wait(request, "feedback"):
                    return not_now(request, 429, seconds)
                if request.POST.get(TRAP):
                    return SeeOther(reverse("pages:feedback_thanks"))  # stored nowhere
            return view(request)
        except (DataError, IntegrityError):
            raise  # the fault is ours
        except Error as error:
            logger.error("Feedback cannot be taken in: %s", error)
            return not_now(request, 503, SECONDS_UNTIL_UP)

    @csrf_exempt
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def guarded(request):
        answer = answer_to(request)
        if "svar" in request.GET:  # whoever has the address can add words
            add_never_cache_headers(answer)
        return answer

    return guarded


@takes_feedback
def receive(request):
    if request.method != "POST":
        return redirect("planning:start")  # somebody reloads the page that an error left here
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
    answer = answer_of(token)
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
