"""What a plan calls its parts, and what its amounts are rounded to, in both languages."""

from django import template
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from blekinge_site.languages import escape_and_mark, text_and_fallback

register = template.Library()

# What a plan that has no words of its own calls them.
DEFAULTS = {
    "perspective_label": lambda: _("perspektiv"),
    "perspective_label_plural": lambda: pgettext("flera", "perspektiv"),
    "goal_label": lambda: _("inriktningsmål"),
    "goal_label_plural": lambda: pgettext("flera", "inriktningsmål"),
    "focus_areas_label": lambda: _("Följande insatsområden är viktiga för att nå målet:"),
}


def label_and_fallback(plan, field):
    """Return the text of the label `field` of `plan`, and whether it is a Swedish fallback."""
    text, falls_back = text_and_fallback(plan, field)
    if not text and field.endswith("_plural"):
        text, falls_back = text_and_fallback(plan, field.removesuffix("_plural"))
    return (text, falls_back) if text else (DEFAULTS[field](), False)


def label_text(plan, field):
    """Return the label `field` of `plan` as plain text, with a capital first letter."""
    return capfirst(label_and_fallback(plan, field)[0])


def lower_first(text):
    """Return `text` with a small first letter, unless its first word is an abbreviation such as RUS."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


@register.filter
def label(plan, field):
    """Return a label as HTML with a small first letter, as it stands within a sentence."""
    text, falls_back = label_and_fallback(plan, field)
    return escape_and_mark(lower_first(text), falls_back)


@register.filter
def label_capitalised(plan, field):
    """Return a label as HTML with a capital first letter."""
    text, falls_back = label_and_fallback(plan, field)
    return escape_and_mark(capfirst(text), falls_back)


@register.filter
def goals_label(plan, count):
    """Return the label of `count` goals as HTML, in the singular or the plural."""
    return label(plan, "goal_label" if count == 1 else "goal_label_plural")


@register.filter
def plan_name(plan):
    """Return the title of `plan` as HTML, with its years if the title lacks them."""
    title, falls_back = text_and_fallback(plan, "title")
    name = escape_and_mark(title, falls_back)
    return format_html("{}{}", name, plan.years_to_add(title))


# --- Tables ----------------------------------------------------------------------------------------


@register.filter
def words_within(obj, field):
    """Return the same as `words`, but with a small first letter, as it stands within a sentence."""
    text, falls_back = text_and_fallback(obj, field)
    return escape_and_mark(lower_first(text), falls_back)


@register.filter
def rounded_to(table):
    """Return what the amounts of `table` are rounded to: hela miljoner, or en decimal."""
    whole = {
        table.Unit.SEK: _("hela kronor"),
        table.Unit.KSEK: _("hela tusental"),
        table.Unit.MSEK: _("hela miljoner"),
        table.Unit.BSEK: _("hela miljarder"),
    }
    decimals = [whole[table.unit], _("en decimal"), _("två decimaler"), _("tre decimaler")]
    return decimals[table.decimals]
