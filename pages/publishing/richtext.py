"""Rich text: sanitising it when it is saved, reading its content, and rendering it.

Stored rich text has headings of level 3 and 4, whatever its place on a page.
"""

import re
from html import unescape
from itertools import count
from typing import NamedTuple
from urllib.parse import urlsplit

import nh3
from django import template
from django.conf import settings
from django.http.request import validate_host
from django.utils.html import escape, format_html, strip_tags
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

# --- Storing ---------------------------------------------------------------------------------------

ALLOWED = allowlist_from_extensions(EXTENSIONS)
ALLOWED["attributes"]["th"].add("scope")
# Elements that are replaced by an allowed one.
REPLACEMENTS = {
    "h1": "h3",
    "h2": "h3",
    "h5": "h4",
    "h6": "h4",
    "b": "strong",
    "i": "em",
    "div": "p",
}
# The first cleaner makes the HTML well-formed, for `tidied`. The second one removes everything unsafe.
WELL_FORMED_CLEANER = nh3.Cleaner(
    **ALLOWED
    | {
        "tags": ALLOWED["tags"] | set(REPLACEMENTS),
        "clean_content_tags": {"script", "style", "title"},
    }
)
SAFE_CLEANER = nh3.Cleaner(**ALLOWED)

REPLACED_TAG = re.compile(rf"(</?)({'|'.join(REPLACEMENTS)})\b")
SPACE_AROUND_BLOCKS = re.compile(
    r"(?:\s|<br>)*(</?(?:p|h3|h4|ul|ol|li|blockquote|table|thead|tbody|tr|th|td)\b[^>]*>)(?:\s|<br>)*"
)
EMPTY_ELEMENT = re.compile(r"<(p|h3|h4|ul|ol|li|blockquote|strong|em|a)\b[^>]*>(\s*)</\1>")
WEB_ADDRESS = re.compile(r'(<a\b[^>]*\bhref=")(https?://[^"]*)"')
LINK_WITHOUT_ADDRESS = re.compile(r"<a(?![^>]*\bhref=)[^>]*>(.*?)</a>", re.DOTALL)


def is_this_site(hostname):
    """Tell whether `hostname` is named in ALLOWED_HOSTS."""
    return validate_host(hostname, [name for name in settings.ALLOWED_HOSTS if name != "*"])


def local_address(address):
    """Return `address` without scheme and host if it leads to this site, so that it holds on any host."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    if parts.scheme not in {"http", "https"} or not is_this_site(parts.hostname or ""):
        return address
    return parts._replace(scheme="", netloc="", path=parts.path or "/").geturl()


def with_local_address(link):
    return f'{link[1]}{escape(local_address(unescape(link[2])))}"'


def with_scope(row):
    """Return the table row in match `row` with a scope on its header cells: `row`, or `col` without data."""
    scope = "row" if "<td" in row[0] else "col"
    return re.sub(r"<th\b", f'<th scope="{scope}"', re.sub(r' scope="\w*"', "", row[0]))


def tidied(html):
    """Return well-formed `html` with replaced elements, proper paragraphs and scopes in its tables."""
    html = REPLACED_TAG.sub(lambda tag: tag[1] + REPLACEMENTS[tag[2]], html)
    html = LINK_WITHOUT_ADDRESS.sub(r"\1", html)
    html = WEB_ADDRESS.sub(with_local_address, html).replace(' title=""', "")
    html = re.sub(r"<br>(?:\s*<br>)+", "</p><p>", html)
    html = re.sub(
        r"(?s)<thead>.*?</thead>", lambda head: re.sub(r"(</?)td\b", r"\1th", head[0]), html
    )
    return re.sub(r"(?s)<tr>.*?</tr>", with_scope, html)


def without_empty(html):
    """Return `html` without empty elements and superfluous white space."""
    previous = None
    html = re.sub(r"\s{2,}|[\n\t]", " ", html.replace("&nbsp;", "\N{NO-BREAK SPACE}"))
    while html != previous:
        previous, html = html, EMPTY_ELEMENT.sub(r"\2", SPACE_AROUND_BLOCKS.sub(r"\1", html))
    return html.strip()


def sanitised(html):
    """Return `html` with only the elements and attributes that `EXTENSIONS` allow, ready to store."""
    return SAFE_CLEANER.clean(
        without_empty(SAFE_CLEANER.clean(tidied(WELL_FORMED_CLEANER.clean(html))))
    )


class RichTextField(ProseEditorField):
    """HTML from the editor in the admin, sanitised on every save."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, extensions=EXTENSIONS, sanitize=sanitised, **kwargs)

    def get_db_prep_save(self, value, connection):
        # Forms, code, fixtures and updates all pass through here.
        return super().get_db_prep_save(self.sanitize(value) if value else value, connection)


# --- Reading ---------------------------------------------------------------------------------------


class Link(NamedTuple):
    address: str
    text: str


def text_of(html):
    """Return the plain text of stored rich text, one line for each block."""
    lines = re.sub(r"</(?:p|h3|h4|li|th|td)>|<br>", "\n", html)
    return "\n".join(lines_of(unescape(strip_tags(lines))))


def links_of(html):
    """Return the links in stored rich text, a list of `Link`."""
    matches = re.findall(r'<a\b[^>]*\bhref="([^"]*)"[^>]*>(.*?)</a>', html, re.DOTALL)
    return [Link(unescape(address), text_of(content)) for address, content in matches]


def headings_of(html):
    """Return the headings in stored rich text, a list of pairs: level and text."""
    matches = re.findall(r"<h(\d)>(.*?)</h\d>", html, re.DOTALL)
    return [(int(level), text_of(content)) for level, content in matches]


# --- Rendering -------------------------------------------------------------------------------------

register = template.Library()


def with_scrolling_tables(html):
    """Return `html` with each table in a region that can be scrolled sideways, also by keyboard."""
    numbers = count(1)

    def opening_tags(_match):
        label = _("Tabell %(number)s") % {"number": next(numbers)}
        return f'<div class="prose__table" role="region" aria-label="{label}" tabindex="0"><table>'

    return re.sub("<table>", opening_tags, html).replace("</table>", "</table></div>")


@register.filter
def rich_text(obj, field):
    """Return the translated rich text `field` of `obj`, marked `lang="sv"` if English is missing."""
    text, is_swedish = text_and_fallback(obj, field)
    with override(settings.LANGUAGE_CODE if is_swedish else get_language()):
        html = mark_safe(with_scrolling_tables(text))
    return format_html('<div lang="sv">{}</div>', html) if is_swedish else html


@register.filter
def headings_up(html):
    """Return rich text with its headings one level higher, for use directly below the page's heading."""
    return mark_safe(re.sub(r"(</?h)([34])>", lambda tag: f"{tag[1]}{int(tag[2]) - 1}>", html))
