"""The sentences that say who decided on a plan or a budget, and when."""

from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from blekinge_site.formats import day
from blekinge_site.languages import words
from planning.models import Decision

# By kind: the sentence with both who and when, with who only, and with when only.
SENTENCES = {
    Decision.Kind.PROPOSED: lambda: (
        _("Föreslagen av %(by)s %(date)s."),
        _("Föreslagen av %(by)s."),
        _("Föreslagen %(date)s."),
    ),
    Decision.Kind.DECIDED: lambda: (
        _("Beslutad av %(by)s %(date)s."),
        _("Beslutad av %(by)s."),
        _("Beslutad %(date)s."),
    ),
    Decision.Kind.REVISED: lambda: (
        _("Reviderad av %(by)s %(date)s."),
        _("Reviderad av %(by)s."),
        _("Reviderad %(date)s."),
    ),
}


def decision(decided_by, decided_on, kind=Decision.Kind.DECIDED):
    """Return the sentence. `decided_by` and `decided_on` may be empty; if both are, it is empty too."""
    by_and_on, by, on = SENTENCES[kind]()
    if not decided_by:
        return on % {"date": day(decided_on)} if decided_on else ""
    sentence = by_and_on if decided_on else by
    return sentence % {"by": decided_by, "date": decided_on and day(decided_on)}


def decisions_as_html(plan):
    """Return the decisions about `plan` of which anything is known: `[(sentence, document or None), …]`.

    Sentences are HTML, and may be empty. In a sentence, a name without English is marked `lang="sv"`. The
    documents are among those prefetched.
    """
    documents = {document.pk: document for document in plan.documents.all()}
    rows = []
    for entry in plan.decisions.all():
        sentence = decision(words(entry, "decided_by"), entry.decided_on, entry.kind)
        if sentence or entry.document_id in documents:
            # `words` has escaped the name.
            rows.append((mark_safe(sentence), documents.get(entry.document_id)))
    return rows
