"""*Hjälpte informationen på sidan dig?* Yes or no, then a few words if the visitor likes.

Visitors have no cookie and so no CSRF token: a request is taken only from our own pages, as the
browser says. The answer's number, signed, carries a visitor from the first step to the second.
"""

from django import forms
from django.core import signing
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from blekinge_site.formats import LinesField
from blekinge_site.languages import in_each_language
from pages.models import Feedback

SALT = "pages.feedback"
HOURS_TO_ADD_WORDS = 24


class AnswerForm(forms.Form):
    address = forms.CharField(max_length=500)
    helpful = forms.TypedChoiceField(
        choices=[("ja", ""), ("nej", "")], coerce=lambda answer: answer == "ja"
    )

    def clean_address(self):
        address = self.cleaned_data["address"]
        if not address.startswith("/") or not url_has_allowed_host_and_scheme(address, None):
            raise forms.ValidationError("not a page of this site")
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
        ours = origin is None or origin.partition("://")[2] == request.get_host()
    if not ours:
        raise PermissionDenied("feedback from another site's page")


def answer_of(token):
    """Return the Feedback that `token` stands for, or None if it is forged, old or deleted."""
    try:
        pk = signing.loads(token, salt=SALT, max_age=HOURS_TO_ADD_WORDS * 3600)
    except signing.BadSignature:
        return None
    return Feedback.objects.filter(pk=pk).first()


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def receive(request):
    if request.method != "POST":
        return redirect("planning:start")  # somebody reloads the page that an error left here
    refuse_other_sites(request)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        raise BadRequest("not an answer to the question")
    answer = Feedback.objects.create(language=get_language(), **form.cleaned_data)
    token = signing.dumps(answer.pk, salt=SALT)
    return SeeOther(f"{reverse('pages:feedback_thanks')}?{urlencode({'svar': token})}")


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def thanks(request):
    token = request.GET.get("svar", "")
    answer = answer_of(token)
    form = None
    if request.method == "POST":
        refuse_other_sites(request)
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
            "is_feedback": True,
        },
    )
