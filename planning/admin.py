"""The admin of regional plans and budgets, in model order."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Prefetch, prefetch_related_objects
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string

from blekinge_site.staff.addresses import change_address
from pages.editing.content_admin import ContentAdmin, OrderedInline, OrderInline
from pages.editing.filters import LatestVersionsFilter
from pages.editing.publishing_admin import PUBLISHING
from pages.exchange.admin import ExchangeAdmin
from planning import charts
from planning.copying import copy_to_period, next_budget, year_to_budget
from planning.models import (
    Budget,
    BudgetLine,
    BudgetTable,
    Decision,
    FocusArea,
    FollowUp,
    Goal,
    GoalRating,
    Indicator,
    IndicatorValue,
    Perspective,
    PlanDocument,
    RegionalPlan,
)


class PathChoiceField(forms.ModelChoiceField):
    """A choice field that labels each object with its path: 2019–2021 › kompetens."""

    def label_from_instance(self, obj):
        if isinstance(obj, Goal):
            path = [obj.plan.period, *filter(None, [obj.perspective]), obj]
            return " › ".join(map(str, path))
        if isinstance(obj, (BudgetTable, Indicator)):
            parent = obj.budget if isinstance(obj, BudgetTable) else obj.goal
            return f"{obj.publishable().period} › {parent} › {obj}"
        return f"{obj.plan.period} › {obj}"


class PlanPartAdmin(ContentAdmin):
    """Admin of a part of a perspective, goal or budget. The form shows the parent's whole path."""

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == self.parent_field:
            parent_model = self.model.parent_model()
            parents = parent_model.objects.select_related(parent_model.path_to_publishable())
            kwargs |= {"form_class": PathChoiceField, "queryset": parents}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class PerspectiveInline(OrderInline):
    model = Perspective
    fields = ["name", "position"]


class PlanDocumentInline(OrderedInline):
    model = PlanDocument
    fields = ["title", "file", "position"]


class DecisionInline(OrderedInline):
    model = Decision
    fields = ["kind", "decided_on", "decided_by", "document", "position"]

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "document":
            plan_pk = request.resolver_match.kwargs.get("object_id")
            kwargs["queryset"] = PlanDocument.objects.filter(plan=plan_pk)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class PeriodForm(forms.ModelForm):
    """The years of the plan to create as a copy."""

    class Meta:
        model = RegionalPlan
        fields = ["first_year", "last_year"]


@admin.register(RegionalPlan)
class RegionalPlanAdmin(ExchangeAdmin):
    resources = ["planning.resources.BudgetLineResource", "planning.resources.FocusAreaResource"]
    address_fields = ("first_year", "last_year")
    list_display = ["__str__", "state", "successor", "changed_at"]
    list_filter = ["status"]
    list_select_related = ["successor"]
    readonly_fields = ["outline", *ExchangeAdmin.readonly_fields]
    fieldsets = [
        ("Hela planen", {"fields": ["outline"]}),
        (None, {"fields": [("first_year", "last_year"), "title", "lead", "body", "introduction"]}),
        (
            "Planens egna ord",
            {
                "fields": [
                    "perspective_label",
                    "perspective_label_plural",
                    "goal_label",
                    "goal_label_plural",
                    "focus_areas_label",
                ]
            },
        ),
        ("Vad som gäller", {"fields": ["successor", "is_leading"]}),
        PUBLISHING,
    ]
    inlines = [PerspectiveInline, DecisionInline, PlanDocumentInline]

    def get_fieldsets(self, request, obj=None):
        # A plan that hasn't been saved has no parts to outline.
        return super().get_fieldsets(request, obj)[0 if obj else 1 :]

    def get_urls(self):
        return [
            self.page_pattern("<int:pk>/kopiera/", self.copy_view, "copy"),
            self.page_pattern("<int:pk>/ny-budget/", self.next_budget_view, "next_budget"),
            *super().get_urls(),
        ]

    @transaction.atomic
    def next_budget_view(self, request, pk):
        """Add a budget with the lines of another budget, and redirect to its form."""
        plan = get_object_or_404(RegionalPlan.objects.select_for_update(), pk=pk)
        if not self.has_change_permission(request, plan):
            raise PermissionDenied
        year, source = year_to_budget(plan) or (None, None)
        if request.method == "POST" and source:
            budget = next_budget(year, source)
            plan.touch()
            self.log(request, plan, f"Lade till {budget} med raderna från {source}")
            messages.success(request, f"{budget} har fått sina rader. Fyll i beloppen.")
            return redirect(change_address(budget))
        template = "planning/next_budget"
        return self.work_page(request, template, plan, "Ny budget", year=year, source=source)

    def copy_view(self, request, pk):
        """Show a form for the new period, and copy the plan to it."""
        plan = get_object_or_404(RegionalPlan, pk=pk)
        if not self.has_add_permission(request) or not self.has_view_permission(request, plan):
            raise PermissionDenied
        years = plan.last_year - plan.first_year
        initial = {"first_year": plan.last_year + 1, "last_year": plan.last_year + 1 + years}
        form = PeriodForm(request.POST or None, initial=initial)
        if request.method == "POST" and form.is_valid():
            draft = copy_to_period(plan, **form.cleaned_data)
            self.log(request, draft, f"Kopierad från {plan}")
            messages.success(request, f"{plan} är kopierad till ett utkast för {draft.period}.")
            return redirect(change_address(draft))
        return self.work_page(request, "planning/copy", plan, "Kopiera till ny period", form=form)

    @admin.display(description="innehåll")
    def outline(self, plan):
        prefetch_related_objects(
            [plan],
            Prefetch("perspectives", Perspective.objects.prefetch_related("goals__focus_areas")),
            "budgets",
            "follow_ups",
        )
        return render_to_string("admin/planning/outline.html", {"plan": plan})


class GoalInline(OrderInline):
    model = Goal
    fields = ["name", "position"]


@admin.register(Perspective)
class PerspectiveAdmin(ContentAdmin):
    address_fields = ("slug", "slug_en")
    list_display = ["name", "plan", "position"]
    list_filter = [("plan", LatestVersionsFilter)]
    search_fields = ["name_sv", "name_en"]
    prepopulated_fields = {"slug": ["name_sv"], "slug_en": ["name_en"]}
    fields = ["plan", "name", "description", "slug", "slug_en", "position"]
    inlines = [GoalInline]


class FocusAreaInline(OrderedInline):
    model = FocusArea
    fields = ["text", "position"]


@admin.register(Goal)
class GoalAdmin(PlanPartAdmin):
    address_fields = ("slug",)
    list_display = ["name", "perspective", "position"]
    list_filter = [("perspective__plan", LatestVersionsFilter)]
    search_fields = ["name_sv", "name_en", "description_sv", "description_en"]
    prepopulated_fields = {"slug": ["name_sv"]}
    fields = ["perspective", "name", "description", "slug", "position"]
    inlines = [FocusAreaInline]


@admin.register(FocusArea)
class FocusAreaAdmin(PlanPartAdmin):
    list_display = ["text", "goal", "position"]
    list_filter = [("goal__perspective__plan", LatestVersionsFilter)]
    search_fields = ["text_sv", "text_en"]
    fields = ["goal", "text", "position"]


class BudgetLineFormSet(forms.BaseInlineFormSet):
    def clean(self):
        # The constraint is validated one row at a time, so two new results would pass.
        super().clean()
        results = [
            form
            for form in self.forms
            if form.cleaned_data.get("kind") == BudgetLine.Kind.RESULT
            and form not in self.deleted_forms
        ]
        for form in results[1:]:
            if form.is_valid():
                form.add_error("kind", SECOND_RESULT_MESSAGE)


class BudgetLineInline(OrderedInline):
    model = BudgetLine
    formset = BudgetLineFormSet
    fields = ["name", "kind", "amount_msek", "outcome_msek", "code", "position"]
    prepopulated_fields = {"code": ["name_sv"]}


@admin.register(Budget)
class BudgetAdmin(ContentAdmin):
    address_fields = ("year",)
    list_display = ["__str__", "plan", "decided_on"]
    list_filter = [("plan", LatestVersionsFilter)]
    fields = ["plan", "year", "unit", "introduction", "decided_on"]
    inlines = [BudgetLineInline]

    def get_changeform_initial_data(self, request):
        units = {"unit_sv": "miljoner kronor", "unit_en": "SEK million"}
        return units | super().get_changeform_initial_data(request)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        for bar in charts.waterfall(form.instance.lines.with_amounts()):
            if not bar.adds_up:
                message = "%(line)s stämmer inte med sina poster, även om de är avrundade."
                messages.warning(request, message % {"line": bar.line})


@admin.register(BudgetLine)
class BudgetLineAdmin(PlanPartAdmin):
    list_display = ["name", "budget", "kind", "decided_amount", "position"]
    list_filter = [("budget__plan", LatestVersionsFilter), "budget__year", "kind"]
    search_fields = ["name_sv", "name_en", "code"]
    prepopulated_fields = {"code": ["name_sv"]}
    fields = ["budget", "name", "kind", "amount_msek", "outcome_msek", "code", "position"]

    @admin.display(description="belopp, mnkr", ordering="amount_msek")
    def decided_amount(self, line):
        return "saknas" if line.amount_msek is None else amount(line.amount_msek)


@admin.register(PlanDocument)
class PlanDocumentAdmin(ContentAdmin):
    list_display = ["title", "plan", "position"]
    list_filter = [("plan", LatestVersionsFilter)]
    fields = ["plan", "title", "file", "position"]


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
            goals = Goal.objects.filter(perspective__plan=self.plan)
            kwargs["form_class"] = PathChoiceField
            kwargs["queryset"] = goals.select_related("perspective__plan")
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
