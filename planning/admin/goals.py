"""The admin of perspectives, goals, focus areas and indicators."""

from django.contrib import admin
from modeltranslation.admin import TranslationTabularInline

from blekinge_site.staff.addresses import change_address
from pages.editing.content_admin import ContentAdmin, OrderedInline
from pages.editing.fields import ContentFields
from pages.editing.filters import LatestVersionsFilter
from pages.editing.permissions import is_open
from pages.publishing.ordered import LAST_POSITION, renumber
from planning.admin.parts import PathChoiceField, PlanPartAdmin
from planning.models import FocusArea, Goal, Indicator, IndicatorValue, Perspective, RegionalPlan


@admin.register(Perspective)
class PerspectiveAdmin(ContentAdmin):
    address_fields = ("slug", "slug_en")
    list_display = ["name", "plan", "position"]
    list_filter = [("plan", LatestVersionsFilter)]
    search_fields = ["name_sv", "name_en"]
    prepopulated_fields = {"slug": ["name_sv"], "slug_en": ["name_en"]}
    fields = ["plan", "name", "description", "slug", "slug_en"]


class FocusAreaInline(OrderedInline):
    model = FocusArea
    fields = ["text", "position"]


@admin.register(Goal)
class GoalAdmin(PlanPartAdmin):
    address_fields = ("slug",)
    list_display = ["name", "plan", "perspective", "position"]
    list_filter = [("plan", LatestVersionsFilter)]
    search_fields = ["name_sv", "name_en", "description_sv", "description_en"]
    prepopulated_fields = {"slug": ["name_sv"]}
    fields = ["plan", "perspective", "name", "description", "slug"]
    inlines = [FocusAreaInline]

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "perspective":
            kwargs |= {"form_class": PathChoiceField, "queryset": self.perspectives(request)}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def lineage(self, obj):
        ancestors = super().lineage(obj)
        if obj.perspective:
            ancestors.append((obj.perspective, change_address(obj.perspective)))
        return ancestors

    def hidden_fields(self, request, obj):
        # A goal is moved to another perspective from the menu of its row.
        moved = {"perspective"} if obj and is_open(obj) else set()
        return super().hidden_fields(request, obj) | moved

    def places(self, goal):
        others = goal.plan.perspectives.exclude(pk=goal.perspective_id)
        return [*others, goal.plan] if goal.perspective else list(others)

    def move_to_place(self, goal, place):
        left = goal.shared_by_siblings()
        goal.perspective = place if isinstance(place, Perspective) else None
        goal.position = LAST_POSITION
        goal.validate_constraints()
        goal.save()
        renumber(Goal, **left)
        renumber(Goal, **goal.shared_by_siblings())

    def perspectives(self, request):
        """Return the perspectives of the plan of the goal, or of the plan that the address names."""
        rows = Perspective.objects.select_related("plan")
        if pk := request.resolver_match.kwargs.get("object_id"):
            return rows.filter(plan__goals=pk)
        if request.GET.get("plan", "").isdecimal():
            return rows.filter(plan=request.GET["plan"])
        return rows.filter(plan__in=[plan for plan in RegionalPlan.objects.all() if is_open(plan)])


@admin.register(FocusArea)
class FocusAreaAdmin(PlanPartAdmin):
    list_display = ["text", "goal", "position"]
    list_filter = [("goal__plan", LatestVersionsFilter)]
    search_fields = ["text_sv", "text_en"]
    fields = ["goal", "text", "position"]


class IndicatorValueInline(ContentFields, TranslationTabularInline):
    model = IndicatorValue
    extra = 0
    fields = ["year", "value", "source"]


@admin.register(Indicator)
class IndicatorAdmin(PlanPartAdmin):
    list_display = ["name", "goal", "direction", "target", "position"]
    list_filter = [("goal__plan", LatestVersionsFilter)]
    search_fields = ["name_sv", "name_en"]
    fields = ["goal", "name", "unit", "direction", ("target", "target_year")]
    inlines = [IndicatorValueInline]
