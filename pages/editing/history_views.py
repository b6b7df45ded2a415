"""Admin views for the history of a publishable: compare and restore its revisions."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect

from blekinge_site.formats import moment
from blekinge_site.staff.addresses import admin_address, change_address
from pages.models import Revision
from pages.publishing import history


class HistoryViewsMixin:
    """Lists, compares and restores revisions, including those of deleted drafts."""

    def history_view(self, request, object_id, extra_context=None):
        """List the revisions of all versions of a publishable, so that any two can be compared."""
        if not object_id.isdecimal():
            raise Http404("not a primary key")
        publishable = self.get_version(request, object_id)
        revisions = Revision.objects.of(publishable).select_related("made_by").defer("content")
        return self.work_page(request, "history", publishable, "Historik", revisions=revisions)

    def compare_view(self, request, pk):
        """Show the differences between two revisions, which the request may name in any order."""
        publishable = self.get_version(request, pk)
        revisions = Revision.objects.of(publishable).select_related("made_by")
        numbers = [request.GET.get(name, "") for name in ("fran", "till")]
        if not all(number.isdecimal() for number in numbers):
            raise Http404("the primary keys of two revisions are required")
        before, after = sorted(
            (get_object_or_404(revisions, pk=number) for number in numbers),
            key=lambda revision: (revision.made_at, revision.pk),
        )
        return self.work_page(
            request,
            "compare",
            publishable,
            "Jämför",
            before=before,
            after=after,
            differences=history.differences(before.content, after.content),
            may_restore=self.has_perm_to_change(request),
        )

    @transaction.atomic
    def restore_view(self, request, pk):
        """Give the working copy the content of a revision."""
        publishable = self.get_version(request, pk, locked=True)
        revision = self._requested_revision(request, Revision.objects.of(publishable))
        return self._restore(request, revision, back=admin_address(self.model, "history", pk))

    def _requested_revision(self, request, revisions):
        """Return the revision in the POST field `version` from `revisions`, or raise Http404."""
        pk = request.POST.get("version", "")
        return get_object_or_404(revisions, pk=pk if pk.isdecimal() else 0)

    def _restore(self, request, revision, back):
        if not self.has_perm_to_change(request):
            raise PermissionDenied
        try:
            restored = history.restore(revision)
        except history.RestoreError as error:
            messages.error(request, str(error))
            return redirect(back)
        self.log(request, restored, f"Återställde innehållet från {moment(revision.made_at)}")
        messages.success(
            request,
            f"Innehållet från {moment(revision.made_at)} är återställt, men inte publicerat.",
        )
        return redirect(change_address(restored))

    @transaction.atomic
    def deleted_view(self, request):
        """List deleted drafts, each with its last revision, and restore one of them."""
        if not self.has_perm_to_change(request):
            raise PermissionDenied
        existing = self.model.objects.first_versions().values("pk")
        all_revisions = Revision.objects.filter(thing_model=self.opts.label_lower)
        deleted = all_revisions.exclude(thing_pk__in=existing)
        last = deleted.values("thing_pk").annotate(last=Max("pk")).values("last")
        revisions = deleted.filter(pk__in=last).select_related("made_by").defer("content")
        if request.method == "POST":
            revision = self._requested_revision(request, revisions)
            return self._restore(request, revision, back=request.path)
        return self.work_page(request, "deleted", None, "Borttaget", revisions=revisions)
