"""The fields of plans that are translated. Swedish is required where the model requires a value."""

from modeltranslation.translator import TranslationOptions, register

from planning.models import (
    Budget,
    BudgetColumn,
    BudgetLine,
    BudgetTable,
    Decision,
    FocusArea,
    FollowUp,
    Goal,
    Indicator,
    IndicatorValue,
    Perspective,
    PlanDocument,
    RegionalPlan,
)


@register(RegionalPlan)
class RegionalPlanTranslation(TranslationOptions):
    fields = (
        "title",
        "lead",
        "body",
        "introduction",
        "perspective_label",
        "perspective_label_plural",
        "goal_label",
        "goal_label_plural",
        "focus_areas_label",
        "responsible",
    )
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


@register(Indicator)
class IndicatorTranslation(TranslationOptions):
    fields = ("name", "unit")
    required_languages = {"sv": ("name",), "default": ()}


@register(IndicatorValue)
class IndicatorValueTranslation(TranslationOptions):
    fields = ("source",)
    required_languages = {"sv": (), "default": ()}


@register(Budget)
class BudgetTranslation(TranslationOptions):
    fields = ("introduction",)
    required_languages = {"sv": (), "default": ()}


@register(BudgetTable)
class BudgetTableTranslation(TranslationOptions):
    fields = ("title", "note")
    required_languages = {"sv": ("title",), "default": ()}


@register(BudgetColumn)
class BudgetColumnTranslation(TranslationOptions):
    fields = ("name",)
    required_languages = {"sv": (), "default": ()}


@register(BudgetLine)
class BudgetLineTranslation(TranslationOptions):
    fields = ("name",)
    required_languages = {"sv": ("name",), "default": ()}


@register(PlanDocument)
class PlanDocumentTranslation(TranslationOptions):
    fields = ("title",)
    required_languages = {"sv": ("title",), "default": ()}


@register(Decision)
class DecisionTranslation(TranslationOptions):
    fields = ("decided_by",)
    required_languages = {"sv": (), "default": ()}


@register(FollowUp)
class FollowUpTranslation(TranslationOptions):
    fields = ("source",)
    required_languages = {"sv": ("source",), "default": ()}
