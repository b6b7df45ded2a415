"""The admin of regional plans, their decisions and documents."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from blekinge_site.staff.addresses import admin_address, change_address
from pages.desk.cards import Offer, card_of, counted
from pages.editing.content_admin import ContentAdmin, OrderedInline
from pages.editing.filters import LatestVersionsFilter
from pages.editing.outline import Tool
from pages.editing.permissions import is_open
from pages.editing.publishing_admin import PUBLISHING, PublishableAdmin
from planning.admin.outline import plan_sections
from planning.admin.table_imports import GoalImportMixin
from planning.copying import copy_to_period, next_budget, year_to_budget
from planning.models import Decision, PlanDocument, RegionalPlan
from planning.periods import plan_to_show, published_plans


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
class RegionalPlanAdmin(GoalImportMixin, PublishableAdmin):
    address_fields = ("first_year", "last_year")
    list_display = ["__str__", "state", "successor", "changed_at"]
    list_filter = ["status"]
    list_select_related = ["successor"]
    fieldsets = [
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
    inlines = [DecisionInline, PlanDocumentInline]

    def get_urls(self):
        return [
            self.page_pattern("<int:pk>/kopiera/", self.copy_view, "copy"),
            self.page_pattern("<int:pk>/ny-budget/", self.next_budget_view, "next_budget"),
            *super().get_urls(),
        ]

    def desk_card(self, request, owners):
        """Return the Card of the plan that visitors see, and an Offer of a new one if none is in force."""
        year = timezone.localdate().year
        shown = plan_to_show(published_plans(year))
        plan = shown.plan if shown else RegionalPlan.objects.latest_versions().first()
        address = None
        if self.has_add_permission(request):
            address = (
                admin_address(plan, "copy", plan.pk) if plan else admin_address(self.model, "add")
            )
        text = (
            f"Kopiera {plan.period} till nya år på båda språken, eller börja tomt." if plan else ""
        )
        offer = Offer(f"Ingen regionplan gäller {year}", text, "Ny planperiod", address)
        if plan is None:
            return None, offer
        goals = plan.goals.all()
        budgets = plan.budgets.order_by("year").values_list("year", flat=True)
        facts = [
            counted(plan.perspectives),
            counted(goals),
            *(f"budget {year}" for year in budgets),
        ]
        has_ended = shown is not None and shown.has_ended
        status = ("advice", "advice", "Gäller inte längre") if has_ended else None
        card = card_of(plan, [", ".join(facts[:3])], status)
        if shown and shown.in_force and address:
            card.links.append((offer.action, address))
        return card, None if shown and shown.in_force else offer

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

    def tools(self, request, plan):
        address = admin_address(plan, "import", plan.pk)
        tools = [
            Tool("table", "Importera och exportera", address, "Excel"),
            *super().tools(request, plan),
        ]
        if is_open(plan) and year_to_budget(plan):
            address = admin_address(plan, "next_budget", plan.pk)
            tools.insert(0, Tool("add", "Ny budget med raderna från den förra", address))
        return tools

    def copy_tools(self, request, plan):
        if not self.has_add_permission(request):
            return []
        address = admin_address(plan, "copy", plan.pk)
        return [
            Tool(
                "copy",
                "Kopiera till ny period",
                address,
                "Allt kopieras till ett utkast för nya år.",
            )
        ]

    def outline_sections(self, plan):
        return plan_sections(plan)


@admin.register(PlanDocument)
class PlanDocumentAdmin(ContentAdmin):
    list_display = ["title", "plan", "position"]
    list_filter = [("plan", LatestVersionsFilter)]
    fields = ["plan", "title", "file", "position"]
