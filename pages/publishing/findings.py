"""Findings about a publishable before it is published: errors that stop it, and advice."""

import re
from dataclasses import dataclass

from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from modeltranslation.translator import translator

from blekinge_site.formats import day
from blekinge_site.languages import in_each_language
from blekinge_site.staff.addresses import form_address
from pages.publishing.dead_links import dead_links
from pages.publishing.readability import level, lix, sentences
from pages.publishing.richtext import RichTextField, headings_of, links_of, text_of
from pages.publishing.versions import counterpart_finder, fetch_with_parts, version_before, walk

MAX_SENTENCE_WORDS = 30
# Link texts that don't describe the target.
VAGUE_LINK_TEXTS = {
    *("här", "hit", "klicka här", "tryck här", "läs mer", "läs mer här", "mer", "länk", "länken"),
    *("here", "click here", "read more", "read more here", "more", "link", "this link"),
}
URL_AS_TEXT = re.compile(r"(https?://|www\.)\S+", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """A problem to correct. If it `stops` publishing, the page would be broken."""

    stops: bool
    text: str  # Swedish, for staff: the problem and how to correct it
    obj: models.Model  # the publishable or part that has the problem
    field: str | None = None  # the form field, such as name_sv
    short: str = ""  # the problem in a few words, for a mark

    @property
    def label(self):
        """The problem in a few words: Saknar engelska."""
        return self.short or ("Måste rättas" if self.stops else "Råd")

    @property
    def address(self):
        """The address of the form in the admin, with the field as its fragment."""
        form = form_address(self.obj)
        return f"{form}#id_{self.field}" if self.field else form


# --- Two languages ---------------------------------------------------------------------------------


def translated_fields(obj):
    """Return the names of the translated fields of `obj`, in the model's order."""
    fields = obj._meta.concrete_fields
    names = {field.translated_field.name for field in fields if hasattr(field, "translated_field")}
    return [field.name for field in fields if field.name in names]


def text_in(obj, field, language):
    """Return the stripped text of `field` of `obj` in `language`."""
    return (getattr(obj, f"{field}_{language}") or "").strip()


def labels(obj, fields):
    """Return the verbose names of `fields` of `obj`, separated by commas: namn, beskrivning."""
    return ", ".join(str(obj._meta.get_field(field).verbose_name) for field in fields)


def swedish_findings(obj):
    """Yield a finding for each field that has no Swedish text but should have."""
    fields = translated_fields(obj)
    required = fields and translator.get_options_for_model(type(obj)).required_languages["sv"]
    for field in fields:
        if text_in(obj, field, "sv"):
            continue
        name = capfirst(obj._meta.get_field(f"{field}_sv").verbose_name)
        if field in required:
            yield Finding(True, f"Fältet ”{name}” är tomt. Fyll i det.", obj, f"{field}_sv")
        elif text_in(obj, field, "en"):
            text = f"Fältet ”{name}” är tomt, men det engelska är ifyllt. Skriv texten på svenska."
            yield Finding(False, text, obj, f"{field}_sv")


def english_findings(obj, find_earlier):
    """Yield a finding if English texts are missing, and if any are older than the Swedish texts.

    `find_earlier` is a function that returns the counterpart of `obj` in the version before, or None. If
    there is no version before, pass None.
    """
    written = [field for field in translated_fields(obj) if text_in(obj, field, "sv")]
    missing = [field for field in written if not text_in(obj, field, "en")]
    if missing:
        text = (
            f"Saknar engelska: {labels(obj, missing)}. Översätt, annars visas den svenska texten."
        )
        yield Finding(False, text, obj, f"{missing[0]}_en", "Saknar engelska")
    earlier = find_earlier(obj) if find_earlier and written else None
    outdated = [
        field
        for field in written
        if earlier is not None
        and field not in missing
        and text_in(obj, field, "sv") != text_in(earlier, field, "sv")
        and text_in(obj, field, "en") == text_in(earlier, field, "en")
    ]
    if outdated:
        text = f"Den engelska texten är äldre än den svenska: {labels(obj, outdated)}. Se över den."
        yield Finding(False, text, obj, f"{outdated[0]}_en", "Äldre engelska")


# --- Texts -----------------------------------------------------------------------------------------


def swedish_texts(obj):
    """Return the longer Swedish texts of `obj`, without markup: `{field: text}`. Names are left out."""
    texts = {}
    for field in translated_fields(obj):
        model_field = obj._meta.get_field(field)
        text = text_in(obj, field, "sv")
        if text and isinstance(model_field, models.TextField):
            is_rich = isinstance(model_field, RichTextField)
            texts[f"{field}_sv"] = text_of(text) if is_rich else text
    return texts


def long_sentence_findings(obj):
    for field, text in swedish_texts(obj).items():
        for words in sentences(text):
            if len(words) > MAX_SENTENCE_WORDS:
                beginning = " ".join(words[:5])
                yield Finding(
                    False,
                    f"En mening har {len(words)} ord: ”{beginning} …”. Dela den, om det går.",
                    obj,
                    field,
                    "Lång mening",
                )


def readability_of(publishable):
    """Return the LIX of all Swedish texts of `publishable`, and the Swedish name of that level."""
    texts = [
        text for obj in walk(fetch_with_parts(publishable)) for text in swedish_texts(obj).values()
    ]
    index = lix("\n".join(texts))
    return index, level(index)


def heading_problems(html):
    """Yield a sentence for each heading in rich text `html` that skips a level."""
    level_above = 2  # the heading that the text is below on its page
    for heading_level, text in headings_of(html):
        if heading_level > level_above + 1:
            yield f"Underrubriken ”{text}” står inte under någon rubrik. Gör den till rubrik."
        level_above = heading_level


def link_text_problems(html):
    """Yield a sentence for each link in rich text `html` whose text doesn't describe its target."""
    for link in links_of(html):
        if URL_AS_TEXT.fullmatch(link.text):
            yield f"Länken ”{link.text}” är en adress. Skriv vad den leder till."
        elif link.text.lower().strip(" .:!»>→") in VAGUE_LINK_TEXTS:
            yield f"Länken ”{link.text}” säger inte vart den leder. Skriv till exempel sidans rubrik."


def rich_texts(objects):
    """Return the rich texts of `objects`: `[(object, form field, HTML, path of its page), …]`."""
    return [
        (obj, f"{field}_{language}", text_in(obj, field, language), base)
        for obj in objects
        for field in translated_fields(obj)
        if isinstance(obj._meta.get_field(field), RichTextField)
        for language, base in in_each_language(obj.get_absolute_url).items()
    ]


def rich_text_findings(objects):
    """Return the findings about the rich texts of `objects`. All links are looked up together."""
    texts = rich_texts(objects)
    dead = dead_links([(html, base) for _obj, _field, html, base in texts])
    return [
        Finding(False, text, obj, field)
        for (obj, field, html, _base), dead_here in zip(texts, dead, strict=True)
        for text in [
            *heading_problems(html),
            *link_text_problems(html),
            *(
                f"Länken ”{link.text}” leder till {link.address}, där besökare inte hittar något."
                for link in dead_here
            ),
        ]
    ]


# --- All -------------------------------------------------------------------------------------------

MODEL_CHECKS = {}


def checks(model):
    """Register the decorated function, which yields findings about an instance of `model`, not its texts."""

    def register(function):
        MODEL_CHECKS[model] = function
        return function

    return register


def review_findings(publishable):
    """Yield a finding if the day of the next review is missing or past."""
    if publishable.review_on is None:
        text = "Ingen dag är satt då någon ska läsa igenom innehållet igen. Ange ”Granskas senast”."
    elif publishable.review_on < timezone.localdate():
        text = (
            f"Innehållet skulle ha granskats senast {day(publishable.review_on)}. Läs igenom det "
            "och ange en ny dag."
        )
    else:
        return
    yield Finding(False, text, publishable, "review_on", "Granskas")


def findings(publishable):
    """Return all findings about `publishable`, those that stop publishing first."""
    all_findings = []
    earlier = version_before(publishable)
    find_earlier = counterpart_finder(earlier) if earlier else None
    objects = list(walk(fetch_with_parts(publishable)))
    for obj in objects:
        all_findings += swedish_findings(obj)
        all_findings += english_findings(obj, find_earlier)
        all_findings += long_sentence_findings(obj)
        if type(obj) in MODEL_CHECKS:
            all_findings += MODEL_CHECKS[type(obj)](obj)
    all_findings += rich_text_findings(objects)
    all_findings += review_findings(publishable)
    return sorted(all_findings, key=lambda finding: not finding.stops)
