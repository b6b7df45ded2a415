"""The views that keep and discard a user's draft of a form."""

from django.contrib import admin
from django.http import HttpResponseForbidden, JsonResponse
from django.shortcuts import redirect
from django.views import csrf
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from blekinge_site.staff.site import staff_page
from pages.editing import form_drafts
from pages.models import FormDraft


@require_POST
@never_cache
@staff_page
def keep(request):
    """Keep the form that the script has sent, or with `_unchanged` discard its draft.

    The answer says whether it is `kept`, and whether the user is still `signed_in`. Being asked counts as
    activity, so writing extends the session.
    """
    user, form = form_drafts.named_by_token(request.POST)
    is_other = request.user.is_authenticated and request.user != user
    if user is None or is_other:
        return HttpResponseForbidden()
    if "_unchanged" in request.POST:
        if request.user == user:
            FormDraft.objects.filter(user=user, form=form).delete()
        kept = True
    else:
        kept = form_drafts.keep(user, form, request.POST)
    return JsonResponse({"kept": kept, "signed_in": admin.site.has_permission(request)})


@require_POST
@admin.site.admin_view
def discard(request):
    """Discard the user's own draft, and return to the form as it is saved."""
    user, form = form_drafts.named_by_token(request.POST)
    if user is None or user != request.user:
        return HttpResponseForbidden()
    FormDraft.objects.filter(user=user, form=form).delete()
    return redirect(form)


def csrf_failure(request, reason=""):
    """Keep the form that was refused, for example since its user has signed in again in another tab."""
    form_drafts.keep_refused(request)
    return csrf.csrf_failure(request, reason)
