"""Regional plans with their goals, budgets and follow-ups."""

from planning.models.amounts import NONE
from planning.models.budgets import Budget, BudgetColumn, BudgetLine, BudgetTable
from planning.models.follow_ups import FollowUp, GoalRating, Rating
from planning.models.goals import FocusArea, Goal, Perspective
from planning.models.imports import ImportMapping
from planning.models.indicators import Indicator, IndicatorValue
from planning.models.plans import Decision, PlanDocument, RegionalPlan

__all__ = [
    "NONE",
    "Budget",
    "BudgetColumn",
    "BudgetLine",
    "BudgetTable",
    "Decision",
    "FocusArea",
    "FollowUp",
    "Goal",
    "GoalRating",
    "ImportMapping",
    "Indicator",
    "IndicatorValue",
    "Perspective",
    "PlanDocument",
    "Rating",
    "RegionalPlan",
]
