"""The admin of budgets and their tables."""

from django.contrib import admin

from pages.editing.content_admin import ContentAdmin, OrderedInline, OrderInline
from pages.editing.filters import LatestVersionsFilter
from planning.admin.parts import PlanPartAdmin
from planning.admin.table_imports import TableExportMixin, TableImportMixin
from planning.models import Budget, BudgetColumn, BudgetLine, BudgetTable


class BudgetTableInline(OrderInline):
    model = BudgetTable
    fields = ["title", "position"]


@admin.register(Budget)
class BudgetAdmin(TableImportMixin, ContentAdmin):
    address_fields = ("year",)
    list_display = ["__str__", "plan", "decided_on"]
    list_filter = [("plan", LatestVersionsFilter)]
    fields = ["plan", "year", "introduction", "tax_rate", "decided_on"]
    inlines = [BudgetTableInline]


class BudgetColumnInline(OrderedInline):
    model = BudgetColumn
    fields = ["kind", "year", "last_year", "name", "position"]


class BudgetLineInline(OrderedInline):
    model = BudgetLine
    fields = ["name", "kind", "code", "position"]
    prepopulated_fields = {"code": ["name_sv"]}


@admin.register(BudgetTable)
class BudgetTableAdmin(TableExportMixin, PlanPartAdmin):
    address_fields = ("slug",)
    list_display = ["title", "budget", "unit", "position"]
    list_filter = [("budget__plan", LatestVersionsFilter)]
    search_fields = ["title_sv", "title_en"]
    prepopulated_fields = {"slug": ["title_sv"]}
    fields = ["budget", "title", "unit", "decimals", "note", "slug", "position"]
    inlines = [BudgetColumnInline, BudgetLineInline]


@admin.register(BudgetLine)
class BudgetLineAdmin(PlanPartAdmin):
    list_display = ["name", "table", "kind", "position"]
    list_filter = [("table__budget__plan", LatestVersionsFilter), "table__budget__year", "kind"]
    search_fields = ["name_sv", "name_en", "code"]
    prepopulated_fields = {"code": ["name_sv"]}
    fields = ["table", "name", "kind", "code", "position"]
