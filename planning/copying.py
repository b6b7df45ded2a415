"""Copies of whole plans."""

from django.db import transaction
from modeltranslation.translator import translator

from pages.publishing import Status
from planning.models import Budget, Goal, Perspective, RegionalPlan

# What lies below each, by the name of the relation. Follow-ups are of a year that has been, and stay.
BELOW = {
    RegionalPlan: ["perspectives", "budgets", "documents"],
    Perspective: ["goals"],
    Goal: ["focus_areas"],
    Budget: ["lines"],
}


def copy_of(thing, **changes):
    """Return a saved copy of model instance `thing`, in both languages, with `changes`."""
    model = type(thing)
    translated = translator.get_options_for_model(model).fields
    kept = {
        field.attname: getattr(thing, field.attname)
        for field in model._meta.concrete_fields
        if not field.primary_key and field.name not in translated
    }
    return model.objects.create(**kept | changes)


def copy_below(source, target, change):
    """Copy all that lies below `source` to below `target`.

    `change` is called with each thing to copy and returns what is to be different, a dict, or None to
    leave it out.
    """
    for name in BELOW.get(type(source), []):
        related = getattr(source, name)
        for thing in related.all():
            changes = change(thing)
            if changes is not None:
                below = {related.field.attname: target.pk}
                copy_below(thing, copy_of(thing, **below | changes), change)


@transaction.atomic
def copy_to_period(plan, first_year, last_year):
    """Return a draft for the years `first_year` to `last_year` that says all that `plan` says.

    A budget keeps its place in the period; one that falls outside is left out. What was decided and what
    came out is not copied: no dates of decision, no outcomes.
    """
    draft = copy_of(
        plan,
        first_year=first_year,
        last_year=last_year,
        status=Status.DRAFT,
        publish_at=None,
        unpublish_at=None,
        published_at=None,
        review_on=None,
        decided_on=None,
        successor_id=None,
    )

    def change(thing):
        if isinstance(thing, Budget):
            year = thing.year + first_year - plan.first_year
            return {"year": year, "decided_on": None} if year <= last_year else None
        return {"outcome_msek": None} if hasattr(thing, "outcome_msek") else {}

    copy_below(plan, draft, change)
    return draft
