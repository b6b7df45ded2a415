"""Regional plans with their goals, budgets and follow-ups."""

from planning.models.budgets import Budget, BudgetLine, FollowUp, GoalRating, Rating
from planning.models.plans import FocusArea, Goal, Perspective, PlanDocument, RegionalPlan

__all__ = [
    "Budget",
    "BudgetLine",
    "FocusArea",
    "FollowUp",
    "Goal",
    "GoalRating",
    "Perspective",
    "PlanDocument",
    "Rating",
    "RegionalPlan",
]
