"""The fields of plans that are translated. Swedish is required where the model requires a value."""

from modeltranslation.translator import TranslationOptions, register

from planning.models import (
    Budget,
    BudgetLine,
    FocusArea,
    FollowUp,
    Goal,
    Perspective,
    PlanDocument,
    RegionalPlan,
)


@register(RegionalPlan)
class RegionalPlanTranslation(TranslationOptions):
    fields = ("title", "lead", "body", "introduction", "decided_by", "responsible")
    required_languages = {"sv": ("title", "lead", "responsible"), "default": ()}


@register(Perspective)
class PerspectiveTranslation(TranslationOptions):
    fields = ("name", "description")
    required_languages = {"sv": ("name",), "default": ()}


@register(Goal)
class GoalTranslation(TranslationOptions):
    fields = ("name", "description")
    required_languages = {"sv": ("name",), "default": ()}


@register(FocusArea)
class FocusAreaTranslation(TranslationOptions):
    fields = ("text",)
    required_languages = {"sv": ("text",), "default": ()}


@register(Budget)
class BudgetTranslation(TranslationOptions):
    fields = ("unit", "introduction")
    required_languages = {"sv": ("unit",), "default": ()}


@register(BudgetLine)
class BudgetLineTranslation(TranslationOptions):
    fields = ("name",)
    required_languages = {"sv": ("name",), "default": ()}


@register(PlanDocument)
class PlanDocumentTranslation(TranslationOptions):
    fields = ("title",)
    required_languages = {"sv": ("title",), "default": ()}


@register(FollowUp)
class FollowUpTranslation(TranslationOptions):
    fields = ("source",)
    required_languages = {"sv": ("source",), "default": ()}
