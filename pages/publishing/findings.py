"""What to put right before something is published: what breaks its page, and advice."""

import re
from dataclasses import dataclass

from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from modeltranslation.translator import translator

from blekinge_site.formats import day
from blekinge_site.languages import in_each_language
from blekinge_site.staff.addresses import change_address
from pages.publishing.dead_links import dead_links
from pages.publishing.readability import level, lix, sentences
from pages.publishing.richtext import RichTextField, headings_of, links_of, text_of
from pages.publishing.versions import finder, version_before, walk, whole

MOST_WORDS = 30  # in a sentence
# What says nothing of where a link leads.
EMPTY_WORDS = {
    *("här", "hit", "klicka här", "tryck här", "läs mer", "läs mer här", "mer", "länk", "länken"),
    *("here", "click here", "read more", "read more here", "more", "link", "this link"),
}
BARE_ADDRESS = re.compile(r"(https?://|www\.)\S+", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """One thing to put right; `stops` where the page would be broken without it."""

    stops: bool
    text: str  # for staff: what is wrong and what to do
    thing: models.Model  # where it is
    field: str | None = None  # the form's field, such as name_sv

    @property
    def address(self):
        """Where in the admin it is put right."""
        form = change_address(self.thing)
        return f"{form}#id_{self.field}" if self.field else form


# --- Two languages ---------------------------------------------------------------------------------


def translated_fields(thing):
    """Return the names of the fields of `thing` that come in both languages, in the model's order."""
    fields = thing._meta.concrete_fields
    names = {field.translated_field.name for field in fields if hasattr(field, "translated_field")}
    return [field.name for field in fields if field.name in names]


def words_in(thing, field, language):
    """Return the text in `field` of `thing` in `language`, without the space around it."""
    return (getattr(thing, f"{field}_{language}") or "").strip()


def named(thing, fields):
    """Return what staff call `fields` of `thing`, in a row: namn, beskrivning."""
    return ", ".join(str(thing._meta.get_field(field).verbose_name) for field in fields)


def swedish(thing):
    fields = translated_fields(thing)
    required = fields and translator.get_options_for_model(type(thing)).required_languages["sv"]
    for field in fields:
        if words_in(thing, field, "sv"):
            continue
        name = capfirst(thing._meta.get_field(f"{field}_sv").verbose_name)
        if field in required:
            yield Finding(True, f"Fältet ”{name}” är tomt. Fyll i det.", thing, f"{field}_sv")
        elif words_in(thing, field, "en"):
            text = f"Fältet ”{name}” är tomt, men det engelska är ifyllt. Skriv texten på svenska."
            yield Finding(False, text, thing, f"{field}_sv")


def english(thing, before):
    """Yield what English is missing, and what is older than the Swedish.

    `before` finds what a thing is in the version that is replaced; None where none is.
    """
    written = [field for field in translated_fields(thing) if words_in(thing, field, "sv")]
    missing = [field for field in written if not words_in(thing, field, "en")]
    if missing:
        text = (
            f"Saknar engelska: {named(thing, missing)}. Översätt, annars visas den svenska texten."
        )
        yield Finding(False, text, thing, f"{missing[0]}_en")
    earlier = before(thing) if before and written else None
    older = [
        field
        for field in written
        if earlier is not None
        and field not in missing
        and words_in(thing, field, "sv") != words_in(earlier, field, "sv")
        and words_in(thing, field, "en") == words_in(earlier, field, "en")
    ]
    if older:
        text = f"Den engelska texten är äldre än den svenska: {named(thing, older)}. Se över den."
        yield Finding(False, text, thing, f"{older[0]}_en")


# --- Texts -----------------------------------------------------------------------------------------


def swedish_texts(thing):
    """Return the Swedish texts of `thing` that are more than a name: `{field: what it says}`."""
    texts = {}
    for field in translated_fields(thing):
        kind = thing._meta.get_field(field)
        said = words_in(thing, field, "sv")
        if said and isinstance(kind, models.TextField):
            texts[f"{field}_sv"] = text_of(said) if isinstance(kind, RichTextField) else said
    return texts


def long_sentences(thing):
    for field, text in swedish_texts(thing).items():
        for words in sentences(text):
            if len(words) > MOST_WORDS:
                beginning = " ".join(words[:5])
                yield Finding(
                    False,
                    f"En mening har {len(words)} ord: ”{beginning} …”. Dela den, om det går.",
                    thing,
                    field,
                )


def readability(publishable):
    """Return the LIX of all that is published with `publishable`, and in Swedish how hard that is."""
    texts = [text for thing in walk(whole(publishable)) for text in swedish_texts(thing).values()]
    index = lix("\n".join(texts))
    return index, level(index)


def headings(html):
    """Yield what is wrong with the headings of rich text `html`: a level is skipped."""
    above = 2  # the page's own, or what the text stands below
    for rank, text in headings_of(html):
        if rank > above + 1:
            yield f"Underrubriken ”{text}” står inte under någon rubrik. Gör den till rubrik."
        above = rank


def links(html):
    """Yield what the links of rich text `html` say badly."""
    for link in links_of(html):
        if BARE_ADDRESS.fullmatch(link.text):
            yield f"Länken ”{link.text}” är en adress. Skriv vad den leder till."
        elif link.text.lower().strip(" .:!»>→") in EMPTY_WORDS:
            yield f"Länken ”{link.text}” säger inte vart den leder. Skriv till exempel sidans rubrik."


def rich_texts(things):
    """Return the rich texts of `things`: `[(thing, name of the form's field, HTML, path of its page), …]`."""
    return [
        (thing, f"{field}_{language}", words_in(thing, field, language), base)
        for thing in things
        for field in translated_fields(thing)
        if isinstance(thing._meta.get_field(field), RichTextField)
        for language, base in in_each_language(thing.get_absolute_url).items()
    ]


def in_rich_texts(things):
    """Return what is wrong with the rich texts of `things`, their links looked up together."""
    texts = rich_texts(things)
    dead = dead_links([(html, base) for _thing, _field, html, base in texts])
    return [
        Finding(False, text, thing, field)
        for (thing, field, html, _base), nowhere in zip(texts, dead, strict=True)
        for text in [
            *headings(html),
            *links(html),
            *(
                f"Länken ”{link.text}” leder till {link.address}, där besökare inte hittar något."
                for link in nowhere
            ),
        ]
    ]


# --- All -------------------------------------------------------------------------------------------

OF_MODEL = {}


def checks(model):
    """Have the decorated function yield the findings of each `model` that are its own, not its texts'."""

    def register(function):
        OF_MODEL[model] = function
        return function

    return register


def review(publishable):
    if publishable.review_on is None:
        text = "Ingen dag är satt då någon ska läsa igenom innehållet igen. Ange ”Granskas senast”."
    elif publishable.review_on < timezone.localdate():
        text = (
            f"Innehållet skulle ha granskats senast {day(publishable.review_on)}. Läs igenom det "
            "och ange en ny dag."
        )
    else:
        return
    yield Finding(False, text, publishable, "review_on")


def findings(publishable):
    """Return all that should be put right before `publishable` is published, what stops it first."""
    found = []
    before = finder(earlier) if (earlier := version_before(publishable)) else None
    things = list(walk(whole(publishable)))
    for thing in things:
        found += swedish(thing)
        found += english(thing, before)
        found += long_sentences(thing)
        if type(thing) in OF_MODEL:
            found += OF_MODEL[type(thing)](thing)
    found += in_rich_texts(things)
    found += review(publishable)
    return sorted(found, key=lambda finding: not finding.stops)
