"""The site as visitors see it: every public address, and the text of a page."""

import re
from html.parser import HTMLParser

from django.urls import reverse
from django.utils.translation import override

from pages.models import Page
from planning.models import RegionalPlan


def public_addresses(language):
    """Return the address of every public HTML page in `language`, according to the database."""
    with override(language):
        addresses = [
            reverse("planning:start"),
            reverse("pages:profile"),
            reverse("planning:current_plan"),
        ]
        for plan in RegionalPlan.objects.published():
            addresses.append(plan.get_absolute_url())
            addresses += [part.get_absolute_url() for part in plan.perspectives.all()]
            addresses += [budget.get_absolute_url() for budget in plan.budgets.all()]
        addresses += [page.get_absolute_url() for page in Page.objects.published()]
        return [*addresses, reverse("pages:feedback_thanks")]


class _Text(HTMLParser):
    # fmt: off
    BLOCKS = frozenset((
        "article", "button", "caption", "dd", "div", "dt", "figcaption", "h1", "h2", "h3", "h4",
        "label", "li", "p", "section", "td", "text", "th", "title", "tr",
    ))
    # fmt: on
    VOID = frozenset(("br", "hr", "img", "input", "link", "meta"))

    def __init__(self, without_lang):
        super().__init__()
        self.without_lang, self.pieces, self.depth = without_lang, [], 0

    def handle_starttag(self, tag, attrs):
        if tag in self.BLOCKS:
            self.pieces.append(" ")
        if tag in self.VOID:
            return
        lang = dict(attrs).get("lang")
        if self.depth or (lang and lang == self.without_lang):
            self.depth += 1

    def handle_endtag(self, tag):
        if tag in self.BLOCKS:
            self.pieces.append(" ")
        if self.depth:
            self.depth -= 1

    def handle_data(self, data):
        if not self.depth:
            self.pieces.append(data)


def text_of(response, *, without_lang=None):
    """Return the text of the page in `response` as one line, with no-break spaces as plain ones.

    Elements marked as being in the language `without_lang` are left out.
    """
    parser = _Text(without_lang)
    parser.feed(response.content.decode())
    return re.sub(r"\s+", " ", "".join(parser.pieces)).strip()
