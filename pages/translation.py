"""The translated fields of the models. Swedish is required for fields that every object needs."""

from functools import cache, partial

from modeltranslation import manager
from modeltranslation.translator import TranslationOptions, register

from pages.models import Administration, CoreValue, DailyStat, Page, RegionProfile

# The library creates a new class for each query, which takes most of the time of `objects.all()`.
_multilingual = cache(partial(manager.multilingual_queryset_factory, instantiate=False))


def multilingual_queryset_factory(old_cls, instantiate=True):
    return _multilingual(old_cls)() if instantiate else _multilingual(old_cls)


manager.multilingual_queryset_factory = multilingual_queryset_factory


@register(RegionProfile)
class RegionProfileTranslation(TranslationOptions):
    fields = (
        "name",
        "lead",
        "mission",
        "responsibilities",
        "vision",
        "organisation",
        "values_introduction",
        "responsible",
    )
    required_languages = {
        "sv": ("name", "lead", "mission", "responsibilities", "vision", "responsible"),
        "default": (),
    }


@register(DailyStat)
class DailyStatTranslation(TranslationOptions):
    fields = ("sentence", "source")
    required_languages = {"sv": ("sentence",), "default": ()}


@register(Administration)
class AdministrationTranslation(TranslationOptions):
    fields = ("name", "description")
    required_languages = {"sv": ("name",), "default": ()}


@register(CoreValue)
class CoreValueTranslation(TranslationOptions):
    fields = ("name", "body")
    required_languages = {"sv": ("name", "body"), "default": ()}


@register(Page)
class PageTranslation(TranslationOptions):
    fields = ("title", "lead", "body", "responsible")
    required_languages = {"sv": ("title", "responsible"), "default": ()}
