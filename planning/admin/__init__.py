"""The admin of plans. Django imports it to register the admin classes."""

from planning.admin import budgets, follow_ups, goals, plans  # noqa: F401
