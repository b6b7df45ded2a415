"""Two languages: a page's address in each, and Swedish text that stands in for missing English."""

from django import template
from django.conf import settings
from django.middleware.locale import LocaleMiddleware
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import mark_safe
from django.utils.text import capfirst
from django.utils.translation import get_language, override

register = template.Library()


class LanguageOfAddress(LocaleMiddleware):
    """Django's, but for its word that Swedish pages vary with `Accept-Language`: only the address counts."""

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


def slug_now(thing):
    """Return the word for `thing` in an address in this language; without an English one, the Swedish."""
    return (get_language() != settings.LANGUAGE_CODE and thing.slug_en) or thing.slug


def text_and_fallback(thing, field):
    """Return the translated `field` of model instance `thing`, and whether Swedish stands in for English."""
    language = get_language()
    text = getattr(thing, f"{field}_{language}") or ""
    if text or language == settings.LANGUAGE_CODE:
        return text, False
    swedish = getattr(thing, f"{field}_{settings.LANGUAGE_CODE}") or ""
    return swedish, bool(swedish)


def give_anchors(things, taken):
    """Give each of `things` an `anchor`, its slug or the like, that no other id on the page is.

    `taken` is the set of ids that the page has; the anchors are added to it.
    """
    for thing in things:
        thing.anchor, number = thing.slug, 2
        while thing.anchor in taken:
            thing.anchor, number = f"{thing.slug}-{number}", number + 1
        taken.add(thing.anchor)


def marked(text, falls_back):
    """Return `text` as HTML that says so where it is Swedish."""
    return (
        format_html('<span lang="sv">{}</span>', text) if falls_back else conditional_escape(text)
    )


@register.filter
def words(thing, field):
    """Return the translated `field` of `thing` as HTML, marked `lang="sv"` where English is missing.

    `{{ goal|words:"name" }}` stands where a text element may; in attributes and titles, where no
    markup can stand, write `{{ goal.name }}`.
    """
    return marked(*text_and_fallback(thing, field))


@register.filter
def words_capitalised(thing, field):
    """Return what `words` does with a capital first, for a name that stands by itself."""
    text, falls_back = text_and_fallback(thing, field)
    return marked(capfirst(text), falls_back)


def lines_of(text):
    """Return the lines of `text` that say something, a list of str."""
    return [line.strip() for line in text.splitlines() if line.strip()]


@register.filter
def paragraphs(thing, field):
    """Return the translated `field` of `thing` as HTML paragraphs, one a line, marked as `words` does."""
    text, falls_back = text_and_fallback(thing, field)
    attribute = mark_safe(' lang="sv"') if falls_back else ""
    lines = lines_of(text)
    return mark_safe("\n".join(format_html("<p{}>{}</p>", attribute, line) for line in lines))


@register.filter
def lang_if_swedish(thing, field):
    """Return ` lang="sv"` where `field` of `thing` stands in for missing English, to put in a tag."""
    _text, falls_back = text_and_fallback(thing, field)
    return mark_safe(' lang="sv"') if falls_back else ""
