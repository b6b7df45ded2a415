"""Rich text: what an editor may write, however it comes in, what it says, and how it is shown.

What is stored has headings of level 3 and 4, wherever it will stand on a page.
"""

import re
from html import unescape
from itertools import count
from typing import NamedTuple

import nh3
from django import template
from django.conf import settings
from django.utils.html import format_html, strip_tags
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django_prose_editor.config import allowlist_from_extensions
from django_prose_editor.fields import ProseEditorField

from blekinge_site.languages import lines_of, text_and_fallback

EXTENSIONS = {
    "Bold": True,
    "Italic": True,
    "Heading": {"levels": [3, 4]},
    "BulletList": True,
    "OrderedList": True,
    "ListItem": True,
    "Blockquote": True,
    "HardBreak": True,
    "Table": True,
    "TableRow": True,
    "TableHeader": True,
    "TableCell": True,
    "Link": {"enableTarget": False, "protocols": ["http", "https", "mailto", "tel"]},
}

# --- As stored -------------------------------------------------------------------------------------

ALLOWED = allowlist_from_extensions(EXTENSIONS)
ALLOWED["attributes"]["th"].add("scope")
# Elements that say the same as one that is allowed.
SAME_AS = {
    "h1": "h3",
    "h2": "h3",
    "h5": "h4",
    "h6": "h4",
    "b": "strong",
    "i": "em",
    "div": "p",
}
# The first cleaner leaves well-formed HTML to be tidied; the second has the last word on what is safe.
WELL_FORMED = nh3.Cleaner(
    **ALLOWED
    | {"tags": ALLOWED["tags"] | set(SAME_AS), "clean_content_tags": {"script", "style", "title"}}
)
SAFE = nh3.Cleaner(**ALLOWED)

NAME = re.compile(rf"(</?)({'|'.join(SAME_AS)})\b")
AROUND_BLOCKS = re.compile(
    r"(?:\s|<br>)*(</?(?:p|h3|h4|ul|ol|li|blockquote|table|thead|tbody|tr|th|td)\b[^>]*>)(?:\s|<br>)*"
)
EMPTY = re.compile(r"<(p|h3|h4|ul|ol|li|blockquote|strong|em|a)\b[^>]*>(\s*)</\1>")
PLACE = re.compile(r"<a(?![^>]*\bhref=)[^>]*>(.*?)</a>", re.DOTALL)


def with_scope(row):
    """Return the table row of match `row` with its headings told apart: a column's or the row's own."""
    scope = "row" if "<td" in row[0] else "col"
    return re.sub(r"<th\b", f'<th scope="{scope}"', re.sub(r' scope="\w*"', "", row[0]))


def tidied(html):
    """Return well-formed `html` in the elements that are allowed, its tables with headings that say whose."""
    html = NAME.sub(lambda tag: tag[1] + SAME_AS[tag[2]], html)
    html = PLACE.sub(r"\1", html)
    html = re.sub(r"<br>(?:\s*<br>)+", "</p><p>", html)
    html = re.sub(
        r"(?s)<thead>.*?</thead>", lambda head: re.sub(r"(</?)td\b", r"\1th", head[0]), html
    )
    return re.sub(r"(?s)<tr>.*?</tr>", with_scope, html)


def without_empty(html):
    """Return `html` without elements that hold nothing, and with no more space than between words."""
    before = None
    html = re.sub(r"\s{2,}|[\n\t]", " ", html.replace("&nbsp;", "\N{NO-BREAK SPACE}"))
    while html != before:
        before, html = html, EMPTY.sub(r"\2", AROUND_BLOCKS.sub(r"\1", html))
    return html.strip()


def sanitised(html):
    """Return `html` as it is stored: what `EXTENSIONS` allow, whoever made it, and nothing else."""
    return SAFE.clean(without_empty(SAFE.clean(tidied(WELL_FORMED.clean(html)))))


class RichTextField(ProseEditorField):
    """HTML from the editor in the admin, sanitised on every save."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, extensions=EXTENSIONS, sanitize=sanitised, **kwargs)

    def get_db_prep_save(self, value, connection):
        # Here, where every way to save leads: forms, code, fixtures, updates.
        return super().get_db_prep_save(self.sanitize(value) if value else value, connection)


# --- As read ---------------------------------------------------------------------------------------


class Link(NamedTuple):
    address: str
    text: str


def text_of(html):
    """Return what stored rich text says, a line for each of its blocks."""
    lines = re.sub(r"</(?:p|h3|h4|li|th|td)>|<br>", "\n", html)
    return "\n".join(lines_of(unescape(strip_tags(lines))))


def links_of(html):
    """Return the links in stored rich text, a list of `Link`."""
    found = re.findall(r'<a\b[^>]*\bhref="([^"]*)"[^>]*>(.*?)</a>', html, re.DOTALL)
    return [Link(unescape(address), text_of(said)) for address, said in found]


def headings_of(html):
    """Return the headings in stored rich text, a list of pairs: the level and what it says."""
    found = re.findall(r"<h(\d)>(.*?)</h\d>", html, re.DOTALL)
    return [(int(level), text_of(said)) for level, said in found]


# --- As shown --------------------------------------------------------------------------------------

register = template.Library()


def with_scrolling_tables(html):
    """Return `html` with each table in a box that scrolls where it is too narrow, by keyboard too."""
    numbers = count(1)

    def opened(_table):
        label = _("Tabell %(number)s") % {"number": next(numbers)}
        return f'<div class="prose__table" role="region" aria-label="{label}" tabindex="0"><table>'

    return re.sub("<table>", opened, html).replace("</table>", "</table></div>")


@register.filter
def rich_text(thing, field):
    """Return the translated rich text `field` of `thing`, marked `lang="sv"` where English is missing."""
    text, is_swedish = text_and_fallback(thing, field)
    with override(settings.LANGUAGE_CODE if is_swedish else get_language()):
        html = mark_safe(with_scrolling_tables(text))
    return format_html('<div lang="sv">{}</div>', html) if is_swedish else html


@register.filter
def headings_up(html):
    """Return rich text with its headings one level up, to stand right below the page's own heading."""
    return mark_safe(re.sub(r"(</?h)([34])>", lambda tag: f"{tag[1]}{int(tag[2]) - 1}>", html))
