"""Admin views for the history of a publishable: compare and restore its revisions."""

from itertools import groupby

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Max, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import urlencode

from blekinge_site.formats import moment
from blekinge_site.staff.addresses import admin_address, change_address
from pages.models import Revision
from pages.publishing import history
from pages.publishing.publishable import Status
from pages.publishing.versions import as_data

REVISIONS_PER_PAGE = 50
PUBLISHED, BEFORE = "publicerat", "fore"  # what a revision can be compared with, besides another


def by_day(revisions):
    """Return `revisions` grouped by the day in Sweden when they were made: `[(date, [revision, …]), …]`."""
    days = groupby(revisions, key=lambda revision: timezone.localdate(revision.made_at))
    return [(date, list(group)) for date, group in days]


def in_both_languages(fields):
    """Return `[(name, {language: HTML}), …]` for pairs of a field's name and HTML, as in `differences`.

    The two languages of a translated field share a row. Other fields have the language "".
    """
    rows = {}
    for verbose_name, html in fields:
        name, _comma, words = verbose_name.rpartition(", ")
        language = {"svenska": "sv", "engelska": "en"}.get(words, "")
        rows.setdefault(name if language else verbose_name, {})[language] = html
    return list(rows.items())


class HistoryViewsMixin:
    """Lists, compares and restores revisions, including those of deleted drafts."""

    def history_view(self, request, object_id, extra_context=None):
        """List the changes of all versions of a publishable, and compare the chosen one with another.

        `till` in the query is the primary key of the chosen revision; otherwise the latest is chosen. `fran`
        is that of the other, PUBLISHED or BEFORE; without it, a working copy is compared with what is
        published and everything else with the change before. The older content is shown as replaced.
        """
        if not object_id.isdecimal():
            raise Http404("not a primary key")
        publishable = self.get_version(request, object_id)
        revisions = Revision.objects.of(publishable).select_related("made_by").defer("content")
        chosen = self._named_revision(revisions, request.GET.get("till") or None)
        start = Paginator(revisions, REVISIONS_PER_PAGE).get_page(request.GET.get("sida"))
        context = {"days": by_day(start), "page": start, "chosen": chosen}
        if chosen:
            context |= self._comparison(request, publishable, revisions, chosen)
        return self.work_page(request, "history", publishable, "Historik", **context)

    def _named_revision(self, revisions, pk):
        """Return the revision `pk`, a str, or the latest if it is None. Raises Http404."""
        if pk is None:
            return revisions.first()
        return get_object_or_404(revisions, pk=pk if pk.isdecimal() else 0)

    def _comparison(self, request, publishable, revisions, chosen):
        """Return the context of the history page about the difference from `chosen` to another revision."""
        published = publishable.versions().filter(status=Status.PUBLISHED).first()
        is_newer = published is not None and chosen.version > published.version
        other_name = request.GET.get("fran") or (PUBLISHED if is_newer else BEFORE)
        if other_name == PUBLISHED and published is not None:
            other = revisions.filter(version=published.version).first()
            sides = [as_data(published), chosen.content]
            if not is_newer:
                sides.reverse()
        else:
            if other_name in {PUBLISHED, BEFORE}:
                other_name = BEFORE
                earlier = Q(made_at=chosen.made_at, pk__lt=chosen.pk)
                other = revisions.filter(Q(made_at__lt=chosen.made_at) | earlier).first()
            else:
                other = self._named_revision(revisions, other_name)
            pair = sorted([other or chosen, chosen], key=lambda each: (each.made_at, each.pk))
            sides = [revision.content for revision in pair]
        return {
            "other": other,
            "other_name": other_name,
            "published": published,
            "differences": [
                difference | {"rows": in_both_languages(difference["fields"])}
                for difference in history.differences(*sides)
            ],
            "may_restore": self.has_perm_to_change(request),
        }

    def compare_view(self, request, pk):
        """Redirect from the former address of a comparison."""
        publishable = self.get_version(request, pk)
        query = {name: request.GET.get(name, "") for name in ("fran", "till")}
        if not all(number.isdecimal() for number in query.values()):
            raise Http404("the primary keys of two revisions are required")
        address = admin_address(publishable, "history", publishable.pk)
        return redirect(f"{address}?{urlencode(query)}")

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
