"""Swedish and English: the addresses of a page in each, and Swedish text as a fallback for English."""

from django import template
from django.conf import settings
from django.middleware.locale import LocaleMiddleware
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import mark_safe
from django.utils.text import capfirst
from django.utils.translation import get_language, override

register = template.Library()


class LanguageOfAddress(LocaleMiddleware):
    """Django's middleware, without `Vary: Accept-Language`: the language depends on the address only."""

    def process_response(self, request, response):
        response.headers.setdefault("Content-Language", get_language())
        return response


def in_each_language(address):
    """Return `{"sv": "/…", "en": "/en/…"}` for `address`, a function that returns a page's path."""
    addresses = {}
    for language, _name in settings.LANGUAGES:
        with override(language):
            addresses[language] = str(address())
    return addresses


def slug_now(obj):
    """Return the slug of `obj` in the active language, or the Swedish slug if there is no English one."""
    return (get_language() != settings.LANGUAGE_CODE and obj.slug_en) or obj.slug


def text_and_fallback(obj, field):
    """Return the translated `field` of model instance `obj`, and whether it is a Swedish fallback."""
    language = get_language()
    text = getattr(obj, f"{field}_{language}") or ""
    if text or language == settings.LANGUAGE_CODE:
        return text, False
    swedish = getattr(obj, f"{field}_{settings.LANGUAGE_CODE}") or ""
    return swedish, bool(swedish)


def give_anchors(objects, taken):
    """Set `anchor` on each of `objects` to its slug, with a number if another id on the page is the same.

    `taken` is the set of ids on the page. The anchors are added to it.
    """
    for obj in objects:
        obj.anchor, number = obj.slug, 2
        while obj.anchor in taken:
            obj.anchor, number = f"{obj.slug}-{number}", number + 1
        taken.add(obj.anchor)


def escape_and_mark(text, falls_back):
    """Return `text` as HTML, marked `lang="sv"` if `falls_back`."""
    return (
        format_html('<span lang="sv">{}</span>', text) if falls_back else conditional_escape(text)
    )


@register.filter
def words(obj, field):
    """Return the translated `field` of `obj` as HTML, marked `lang="sv"` if English is missing.

    Use `{{ goal|words:"name" }}` where HTML allows an element. In attributes and titles, which cannot contain
    elements, use `{{ goal.name }}`.
    """
    return escape_and_mark(*text_and_fallback(obj, field))


@register.filter
def words_capitalised(obj, field):
    """Return the same as `words`, but with a capital first letter."""
    text, falls_back = text_and_fallback(obj, field)
    return escape_and_mark(capfirst(text), falls_back)


def lines_of(text):
    """Return a list of the lines of `text` that aren't blank, stripped."""
    return [line.strip() for line in text.splitlines() if line.strip()]


@register.filter
def paragraphs(obj, field):
    """Return each line of the translated `field` of `obj` as an HTML paragraph, marked as by `words`."""
    text, falls_back = text_and_fallback(obj, field)
    attribute = mark_safe(' lang="sv"') if falls_back else ""
    lines = lines_of(text)
    return mark_safe("\n".join(format_html("<p{}>{}</p>", attribute, line) for line in lines))


@register.filter
def lang_if_swedish(obj, field):
    """Return the attribute ` lang="sv"` if `field` of `obj` is a Swedish fallback."""
    _text, falls_back = text_and_fallback(obj, field)
    return mark_safe(' lang="sv"') if falls_back else ""
