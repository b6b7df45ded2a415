"""The views that keep and discard a user's draft of a form."""

from django.contrib import admin
from django.http import HttpResponseForbidden, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.views import csrf
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from blekinge_site.staff.site import staff_page
from pages.editing import form_drafts
from pages.models import FormDraft


# The form's own token, which no other site knows, also works after the user has signed in again.
@csrf_exempt
@require_POST
@never_cache
@staff_page
def keep(request):
    """Keep the form that the script has sent.

    With `_unchanged`, the form is again as it was opened, so its draft is deleted; with `_extend`, nothing
    has been typed. The answer says whether what was typed is `kept`, and whether the user is still
    `signed_in`. A request counts as activity, so writing extends the session.
    """
    token = form_drafts.token_of(request)
    if token is None:
        return HttpResponseForbidden()
    user, form, _name = token
    is_kept = True
    if "_unchanged" in request.POST:
        if request.user == user:
            FormDraft.objects.filter(user=user, form=form).delete()
    elif "_extend" not in request.POST:
        is_kept = form_drafts.keep(*token, request.POST)
    return JsonResponse({"kept": is_kept, "signed_in": admin.site.has_permission(request)})


@require_POST
@admin.site.admin_view
def discard(request):
    """Delete the user's own draft of the form at the submitted address, and return to that form."""
    draft = get_object_or_404(FormDraft.objects, user=request.user, form=request.POST.get("form"))
    draft.delete()
    return redirect(draft.form)


def csrf_failure(request, reason=""):
    """Keep a refused form and open it again. Its user may have signed in again in another tab."""
    form = form_drafts.keep_refused(request, "Formuläret hörde till en tidigare inloggning.")
    return redirect(form) if form else csrf.csrf_failure(request, reason)
