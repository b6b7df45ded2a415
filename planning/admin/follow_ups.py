"""The admin of follow-ups."""

from django.contrib import admin

from pages.editing.content_admin import ContentAdmin
from pages.editing.filters import LatestVersionsFilter
from planning.admin.parts import PathChoiceField
from planning.models import FollowUp, Goal, GoalRating


class GoalRatingInline(admin.TabularInline):
    model = GoalRating
    extra = 0

    def get_formset(self, request, obj=None, **kwargs):
        self.plan = obj and obj.plan
        formset = super().get_formset(request, obj, **kwargs)
        goal = formset.form.base_fields["goal"]
        goal.choices = list(goal.choices)  # one query, not one per row
        return formset

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "goal":
            # A follow-up that hasn't been saved has no plan, so there are no goals to rate.
            goals = Goal.objects.filter(plan=self.plan)
            kwargs["form_class"] = PathChoiceField
            kwargs["queryset"] = goals.select_related("plan", "perspective")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(FollowUp)
class FollowUpAdmin(ContentAdmin):
    list_display = ["__str__", "plan", "decided_on"]
    list_filter = [("plan", LatestVersionsFilter)]
    fields = [
        "plan",
        "year",
        "result_msek",
        "satisfactory",
        "not_fully",
        "unsatisfactory",
        "decided_on",
        "source",
    ]
    inlines = [GoalRatingInline]
