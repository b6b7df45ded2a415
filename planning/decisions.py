"""The sentence that says who decided on a plan or a budget, and when."""

from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from blekinge_site.formats import day
from blekinge_site.languages import words


def decision(decided_by, decided_on):
    """Return the sentence. Either argument may be empty; if both are, return an empty string."""
    if decided_by and decided_on:
        return _("Beslutad av %(by)s %(date)s.") % {"by": decided_by, "date": day(decided_on)}
    if decided_by:
        return _("Beslutad av %(by)s.") % {"by": decided_by}
    if decided_on:
        return _("Beslutad %(date)s.") % {"date": day(decided_on)}
    return ""


def decision_as_html(plan):
    """Return the sentence about `plan`, with `lang="sv"` on the name if its English is missing."""
    # `words` has escaped the name.
    return mark_safe(decision(words(plan, "decided_by"), plan.decided_on))
