"""The sentences beside the bars of a table, which say in words what they show.

They are made from decided amounts: nothing is added up here.
"""

from decimal import Decimal

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from blekinge_site.formats import amount
from blekinge_site.languages import escape_and_mark, text_and_fallback, words
from planning.models import BudgetColumn, BudgetLine, BudgetTable

register = template.Library()

WITH_UNIT = {
    BudgetTable.Unit.SEK: lambda: _("{amount} kronor"),
    BudgetTable.Unit.KSEK: lambda: _("{amount} tusen kronor"),
    BudgetTable.Unit.MSEK: lambda: _("{amount} miljoner kronor"),
    BudgetTable.Unit.BSEK: lambda: _("{amount} miljarder kronor"),
}
MAX_SUMS = 3  # more of them would be a table in words
LEAST_ITEMS_TO_COMPARE = 3


@register.filter
def heading(column):
    """Return the heading of a BudgetColumn as HTML, marked `lang="sv"` if it lacks English."""
    text, falls_back = text_and_fallback(column, "name")
    if text:
        return escape_and_mark(text, falls_back)
    kind = column.get_kind_display()
    return format_html('{} <span class="figure">{}</span>', kind, column.period)


@register.filter
def in_words(chart):
    """Return sentences as HTML that say what the bars of `chart` show, or an empty string.

    A waterfall is summed up by its sums and what is left; other bars by the largest. If they don't show the
    budget for the year of the page, the sentences begin with what they show.
    """
    sentences = waterfall_in_words(chart) if chart.is_waterfall else largest_in_words(chart)
    text = format_html_join(" ", "{}", ((sentence,) for sentence in sentences))
    if not text or len(chart.columns) == 1 or chart.shows_budget_of_year:
        return text
    return format_html("{}: {}", heading(chart.column), text)


def waterfall_in_words(chart):
    sums = [
        row
        for row in chart.rows
        if row.sum and row.line.kind != BudgetLine.Kind.RESULT and row.sum.adds_up
    ]
    sentences = []
    for row in sums if len(sums) <= MAX_SUMS else []:
        sentences.append(is_in_words(row, chart, is_first=not sentences))
    return [*sentences, *result_in_words(chart, is_first=not sentences)]


def figure(value, chart, is_first):
    """Return an amount of `chart`, with its unit if it `is_first` in its paragraph."""
    text = amount(value, chart.table.decimals)
    if not is_first:
        return text
    return WITH_UNIT[chart.table.unit]().format(amount=text)


def is_in_words(row, chart, *, is_first):
    text = figure(row.chosen.amount, chart, is_first)
    return format_html(_("{name} är {amount}."), name=words(row.line, "name"), amount=text)


def result_in_words(chart, *, is_first):
    """Return a list with the sentence that says what is left; empty if there is no result."""
    if chart.result is None or not isinstance(chart.result.chosen.amount, Decimal):
        return []
    line_sum = chart.result.sum
    if not chart.balance or not line_sum or not line_sum.adds_up:
        return [is_in_words(chart.result, chart, is_first=is_first)]
    is_over = chart.column.kind == BudgetColumn.Kind.OUTCOME
    if chart.balance == "surplus":
        text = _("Kvar blev {amount}.") if is_over else _("Kvar blir {amount}.")
    else:
        text = _("Det fattades {amount}.") if is_over else _("Det fattas {amount}.")
    return [format_html(text, amount=figure(abs(chart.result.chosen.amount), chart, is_first))]


def largest_in_words(chart):
    """Return a list with the sentence that names the largest item; empty if it isn't a comparison."""
    items = [
        row
        for row in chart.rows
        if row.line.kind == BudgetLine.Kind.ITEM and isinstance(row.chosen.amount, Decimal)
    ]
    amounts = sorted((row.chosen.amount for row in items), reverse=True)
    if len(items) < LEAST_ITEMS_TO_COMPARE or amounts[-1] < 0 or amounts[0] == amounts[1]:
        return []
    largest = max(items, key=lambda row: row.chosen.amount)
    return [
        format_html(
            _("Störst är {name}: {amount}."),
            name=words(largest.line, "name"),
            amount=figure(largest.chosen.amount, chart, is_first=True),
        )
    ]
