"""The inbox of visitors' own words: which answers are new, and who has handled the others."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import urlencode

from blekinge_site.formats import LinesField, when
from blekinge_site.staff.addresses import admin_address
from pages.editing.conflicts import display_name
from pages.models import Feedback

ANSWERS_A_PAGE = 20
RECENTLY_HANDLED = 3
HANDLED = "hanterade"  # the value of `lage` in the address; otherwise the new answers are listed


class NoteForm(forms.Form):
    note = LinesField(
        max_length=500,
        required=False,
        error_messages={
            "max_length": "Anteckningen får ha högst 500 tecken. Svaret är inte hanterat."
        },
    )


def words_for(count):
    """Return a sentence on how many answers wait."""
    if not count:
        return "Alla svar är hanterade."
    return f"{count} {'nytt' if count == 1 else 'nya'} svar kvar."


class FeedbackInboxMixin:
    """Lists the answers in visitors' own words, marks them as handled and opens them again."""

    def may_handle(self, request):
        return super().has_change_permission(request)

    def inbox(self, request, owners):
        """Return what the page shows of the answers that the address chooses by `lage`, `sida` and `p`."""
        address, shows_handled = request.GET.get("sida", ""), request.GET.get("lage") == HANDLED
        answers = Feedback.objects.worded().select_related("handled_by")
        if address:
            answers = answers.filter(address=address)
        counts = answers.aggregate(
            new=Count("pk", filter=Q(handled_at=None)),
            handled=Count("pk", filter=Q(handled_at__isnull=False)),
        )
        handled = answers.filter(handled_at__isnull=False).order_by("-handled_at", "-pk")
        shown = handled if shows_handled else answers.waiting()
        page = Paginator(shown, ANSWERS_A_PAGE).get_page(request.GET.get("p"))
        recent = [] if shows_handled else list(handled[:RECENTLY_HANDLED])
        kept = {name: request.GET[name] for name in ("dagar", "sida") if request.GET.get(name)}
        everything = {name: kept[name] for name in kept if name != "sida"}
        state = {"lage": HANDLED} if shows_handled else {}
        entries = [self.described(answer, owners) for answer in page]
        to_come = {
            entry["next_version"].pk: entry["next_version"]
            for entry in entries
            if entry["next_version"] and not shows_handled
        }
        return counts | {
            "shows_handled": shows_handled,
            "page_name": owners.name_of(address) if address else None,
            "address": address,
            "page": page,
            "entries": entries,
            "recent": [self.described(answer, owners) for answer in recent],
            "to_come": list(to_come.values()),
            "words": words_for(counts["new"]),
            "new_query": urlencode(kept),
            "handled_query": urlencode(kept | {"lage": HANDLED}),
            "every_page_query": urlencode(everything | state),
            "page_query": urlencode(kept | state),
            "query": urlencode(kept | state | {"p": page.number}),
        }

    def described(self, answer, owners):
        return {
            "answer": answer,
            "page_name": owners.name_of(answer.address),
            "handled_by": display_name(answer.handled_by),
            "next_version": owners.next_version_of(answer.address),
        }

    def handle_view(self, request, pk):
        """Mark an answer as handled, with a note. A colleague who was first keeps the mark."""
        if not self.may_handle(request):
            raise PermissionDenied
        next_answer = self._next(request, pk)
        form = NoteForm(request.POST)
        if not form.is_valid():
            messages.error(request, form.errors["note"][0])
            return self._back(request, pk)
        note = form.cleaned_data["note"].strip()
        waiting = Feedback.objects.waiting().filter(pk=pk)
        handled = {"handled_at": timezone.now(), "handled_by": request.user}
        if note:
            handled["note"] = note
        if waiting.update(**handled):
            messages.success(request, "Svaret är markerat som hanterat.")
        else:
            self._tell_of_colleague(request, pk, note)
        return self._back(request, next_answer)

    def _tell_of_colleague(self, request, pk, note):
        """Say who has handled the answer `pk` meanwhile, and add `note` to what they wrote."""
        answer = Feedback.objects.worded().select_related("handled_by").filter(pk=pk).first()
        if answer is None:
            messages.warning(request, "Svaret finns inte längre.")
            return
        text = f"{display_name(answer.handled_by)} hanterade svaret {when(answer.handled_at)}."
        if note and note not in answer.note:
            answer.note = f"{answer.note}\n{display_name(request.user)}: {note}".strip()
            answer.save(update_fields=["note"])
            text += " Din anteckning är tillagd."
        messages.warning(request, text)

    def reopen_view(self, request, pk):
        """Make a handled answer new again. Its note remains."""
        if not self.may_handle(request):
            raise PermissionDenied
        handled = Feedback.objects.worded().filter(pk=pk, handled_at__isnull=False)
        if handled.update(handled_at=None, handled_by=None):
            messages.success(request, "Svaret är öppnat igen.")
        elif Feedback.objects.worded().filter(pk=pk).exists():
            messages.warning(request, "Svaret är redan öppnat.")
        else:
            messages.warning(request, "Svaret finns inte längre.")
        return self._back(request, pk)

    def _next(self, request, pk):
        """Return the pk of the new answer to show after `pk`: the next older, otherwise the newest."""
        waiting = Feedback.objects.waiting().exclude(pk=pk)
        if address := request.GET.get("sida"):
            waiting = waiting.filter(address=address)
        current = Feedback.objects.filter(pk=pk).first()
        if current is None:
            return None
        older = Q(created_at__lt=current.created_at) | Q(
            created_at=current.created_at, pk__lt=current.pk
        )
        return (waiting.filter(older).first() or waiting.first() or Feedback()).pk

    def _back(self, request, pk):
        """Redirect to the page that the request came from, at the answer `pk` or at the heading."""
        query = {
            name: request.GET[name]
            for name in ("dagar", "sida", "lage", "p")
            if request.GET.get(name)
        }
        place = f"svar-{pk}" if pk else "egna-ord"
        return redirect(f"{admin_address(Feedback, 'per_page', query=query)}#{place}")
