"""Where we are going: regional plans, what they aim at, what they cost and how it went."""

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
