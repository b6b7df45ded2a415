"""Places on the site that staff link to in rich text, and links that follow when an address changes.

Each app registers the places it has with `lists_places`.
"""

import json
import re
from typing import NamedTuple

from django.apps import apps
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils.text import capfirst

from blekinge_site.languages import in_each_language
from pages.models import Page, RegionProfile, Revision
from pages.publishing.publishable import Publishable
from pages.publishing.richtext import RichTextField, local_address
from pages.publishing.versions import content_fields


class Place(NamedTuple):
    kind: str  # in Swedish, such as Sida
    name: str  # in Swedish
    context: str  # what it belongs to, and whether it is a draft
    addresses: dict  # a path for each language


# --- Places ----------------------------------------------------------------------------------------

PLACE_LISTS = []


def lists_places(function):
    """Register the decorated function, which yields pairs: an object with an address, and its publishable."""
    PLACE_LISTS.append(function)
    return function


def in_use(publishables):
    """Return the latest version of each of `publishables`, a queryset, that hasn't been withdrawn."""
    withdrawn = publishables.model.objects.withdrawn()
    return publishables.latest_versions().exclude(pk__in=withdrawn.values("pk"))


@lists_places
def profile_and_pages():
    for publishable in [*in_use(RegionProfile.objects.all()), *in_use(Page.objects.all())]:
        yield publishable, publishable


def places(query=""):
    """Return the places whose names have all words in `query`, or that have the address `query`."""
    address = local_address(query.strip())
    is_address = address.startswith("/")
    words = query.casefold().split()
    matches = []
    for list_places in PLACE_LISTS:
        for obj, publishable in list_places():
            if is_address:
                if address in in_each_language(obj.get_absolute_url).values():
                    matches.append(place_of(obj, publishable))
            elif all(word in search_text(obj, publishable) for word in words):
                matches.append(place_of(obj, publishable))
    return matches


def search_text(obj, publishable):
    names = in_each_language(obj.__str__).values()
    return " ".join([obj._meta.verbose_name, *names, str(publishable)]).casefold()


def place_of(obj, publishable):
    parts = [] if obj is publishable else [str(publishable)]
    is_new = publishable.is_being_prepared and publishable.version == 1
    return Place(
        kind=capfirst(obj._meta.verbose_name),
        name=str(obj),
        context=", ".join(parts + (["utkast"] if is_new else [])),
        addresses=in_each_language(obj.get_absolute_url),
    )


# --- Links that follow -----------------------------------------------------------------------------


def addresses_of(obj):
    """Return the paths of the page of `obj`, one for each language; an empty dict if it has none."""
    return in_each_language(obj.get_absolute_url) if hasattr(obj, "get_absolute_url") else {}


def link_pattern(address, quote='"'):
    """Return a pattern of the start of a link to `address` or, without a fragment, to an address below it."""
    end = re.escape(quote) if "#" in address else rf"(?:[/?#.]|{re.escape(quote)})"
    return rf"(?<=href={re.escape(quote)}){re.escape(address.removesuffix('/'))}(?={end})"


def rich_text_fields():
    """Return pairs of a model and its rich text fields, one for each language."""
    pairs = []
    for model in apps.get_models():
        fields = [field.name for field in content_fields(model) if isinstance(field, RichTextField)]
        if fields:
            pairs.append((model, fields))
    return pairs


def rows_linking_to(model, fields, addresses):
    """Return the rows of `model` that link to any of `addresses`, or to addresses that begin like them."""
    condition = Q()
    for field in fields:
        for address in addresses:
            condition |= Q(**{f"{field}__contains": f'href="{address.removesuffix("/")}'})
    return model._default_manager.filter(condition)


def follow_move(before, after):
    """Replace the addresses `before` in all stored links with those `after`; both are dicts by language.

    The history is changed too, so that restored texts have links that work. It shows words, not addresses.
    """
    moves = {before[language]: after[language] for language in before}
    moves = {old: new for old, new in moves.items() if old != new}
    if not moves:
        return

    def moved(text, quote='"'):
        for old, new in moves.items():
            text = re.sub(
                link_pattern(old, quote), lambda _link, new=new: new.removesuffix("/"), text
            )
        return text

    for model, fields in rich_text_fields():
        for row in rows_linking_to(model, fields, moves):
            texts = {field: getattr(row, field) or "" for field in fields}
            changed = {field: moved(text) for field, text in texts.items() if moved(text) != text}
            if changed:
                model._default_manager.filter(pk=row.pk).update(**changed)
    quote = r"\""  # the content is JSON
    condition = Q()
    for old in moves:
        condition |= Q(as_text__contains=f"href={quote}{old.removesuffix('/')}")
    for revision in Revision.objects.annotate(as_text=Cast("content", TextField())).filter(
        condition
    ):
        content = json.loads(moved(json.dumps(revision.content), quote))
        Revision.objects.filter(pk=revision.pk).update(content=content)


# --- Pages that nothing leads to -------------------------------------------------------------------


def is_linked_to(obj):
    """Tell whether any rich text that is published or being prepared has a link to `obj`."""
    patterns = [
        link_pattern(address) for address in in_each_language(obj.get_absolute_url).values()
    ]
    linked = re.compile("|".join(patterns))
    for model, fields in rich_text_fields():
        rows = rows_linking_to(model, fields, addresses_of(obj).values())
        if issubclass(model, Publishable):
            rows = rows.with_superseded().filter(is_superseded=False)
        for row in rows:
            own = row.publishable()
            is_own = type(own) is type(obj) and own.natural_key() == obj.natural_key()
            if not is_own and any(linked.search(getattr(row, field) or "") for field in fields):
                return True
    return False
