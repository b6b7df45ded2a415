"""Indicators of goals as sentences, and as bars by year where there are enough values. Makes no query."""

from dataclasses import dataclass
from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.translation import gettext as _

from blekinge_site.formats import amount
from blekinge_site.languages import words
from planning.charts import LEAST_WIDTH, Scale, percent
from planning.models import Indicator

register = template.Library()

LEAST_VALUES_FOR_BARS = 3

# By direction: the sentence with a target and its year, with a target only, and without a target.
SENTENCES = {
    Indicator.Direction.MORE: lambda: (
        _("{name} ska öka till {target} {year}."),
        _("{name} ska öka till {target}."),
        _("{name} ska öka."),
    ),
    Indicator.Direction.LESS: lambda: (
        _("{name} ska minska till {target} {year}."),
        _("{name} ska minska till {target}."),
        _("{name} ska minska."),
    ),
    Indicator.Direction.KEEP: lambda: (
        _("{name} ska ligga kvar på {target} {year}."),
        _("{name} ska ligga kvar på {target}."),
        _("{name} ska ligga kvar."),
    ),
}


@dataclass(frozen=True)
class Row:
    """The value of a year."""

    year: int
    text: str  # the value as displayed
    x: str = (
        ""  # where its bar starts, and how long it is; empty if there are too few values for bars
    )
    width: str = ""


@dataclass(frozen=True)
class IndicatorChart:
    """What a page shows of an indicator."""

    indicator: Indicator
    sentence: str  # HTML
    rows: list  # by year
    sources: (
        list  # where the values come from, with their years: [(IndicatorValue, "2022, 2024"), …]
    )
    target: str  # the target as displayed, empty if there is none
    target_at: str  # the x coordinates of the target and of zero, empty if there are no bars
    zero: str

    @property
    def has_bars(self):
        return bool(self.zero)


def figure(value):
    """Return a Decimal with as many decimals as it has: 12 for Decimal("12.000")."""
    exponent = value.normalize().as_tuple().exponent
    return amount(value, max(0, -exponent))


def html(obj, field):
    """Return the translated `field` of `obj` as HTML."""
    return words(obj, field)


def sentence_of(indicator, word=html, fill=format_html):
    """Return the sentences that say where `indicator` is to go and what it was last.

    `word` returns a translated field of an object, and `fill` fills in a sentence; by default, as HTML.
    """

    def with_unit(value):
        unit = word(indicator, "unit")
        return fill("{} {}", figure(value), unit) if unit else figure(value)

    with_year, with_target, without = SENTENCES[indicator.direction]()
    name = word(indicator, "name")
    if indicator.target is None:
        goal = fill(without, name=name)
    elif indicator.target_year is None:
        goal = fill(with_target, name=name, target=with_unit(indicator.target))
    else:
        target = with_unit(indicator.target)
        goal = fill(with_year, name=name, target=target, year=indicator.target_year)
    values = list(indicator.values.all())
    if not values:
        return fill("{} {}", goal, _("Inget värde är känt."))
    latest = values[-1]
    # The target has said the unit.
    text = with_unit(latest.value) if indicator.target is None else figure(latest.value)
    last = fill(_("Senast, {year}, var det {value}."), year=latest.year, value=text)
    return fill("{} {}", goal, last)


def sources_of(values):
    """Return the sources of `values`, each once, with their years."""
    years = {}
    for value in values:
        if value.source:
            years.setdefault(value.source, (value, []))[1].append(str(value.year))
    return [(value, ", ".join(listed)) for value, listed in years.values()]


def chart_of(indicator):
    """Return the IndicatorChart of `indicator`, whose values have been prefetched."""
    values = list(indicator.values.all())
    target = indicator.target
    rows = [Row(value.year, figure(value.value)) for value in values]
    target_at = zero = ""
    if len(values) >= LEAST_VALUES_FOR_BARS:
        levels = [value.value for value in values]
        scale = Scale(levels if target is None else [*levels, target])
        rows = [row_with_bar(value, scale) for value in values]
        zero = percent(scale.place(Decimal(0)))
        target_at = "" if target is None else percent(scale.place(target))
    return IndicatorChart(
        indicator=indicator,
        sentence=sentence_of(indicator),
        rows=rows,
        sources=sources_of(values),
        target="" if target is None else figure(target),
        target_at=target_at,
        zero=zero,
    )


def row_with_bar(value, scale):
    start, end = scale.place(Decimal(0)), scale.place(value.value)
    width = max(abs(end - start), LEAST_WIDTH) if value.value else Decimal(0)
    x = min(start, end, 1 - width)
    return Row(value.year, figure(value.value), percent(x), percent(width))


@register.filter
def indicator_charts(goal):
    """Return the IndicatorCharts of `goal`, whose indicators and their values have been prefetched."""
    return [chart_of(indicator) for indicator in goal.indicators.all()]
