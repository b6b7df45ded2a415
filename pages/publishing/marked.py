"""Differences between texts as HTML."""

from django import template
from django.utils.html import format_html, format_html_join

from pages.publishing.word_differences import ADDED, REMOVED

register = template.Library()

TAGS = {REMOVED: "del", ADDED: "ins"}


@register.filter
def marked(segments):
    """Return HTML with the text of `segments`: added text in `<ins>`, removed text in `<del>`."""
    return format_html_join(
        "",
        "{}",
        (
            (format_html("<{0}>{1}</{0}>", TAGS[change], text) if change in TAGS else text,)
            for change, text in segments
        ),
    )
