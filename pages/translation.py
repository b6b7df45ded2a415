"""Which words of a page come in both languages. Swedish is required where a model needs the word."""

from modeltranslation.translator import TranslationOptions, register

from pages.models import Administration, CoreValue, DailyStat, Page, RegionProfile


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
