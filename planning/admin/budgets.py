"""The admin of budgets and their tables."""

from collections import Counter

from django.contrib import admin
from django.forms import Script
from django.shortcuts import get_object_or_404, redirect

from blekinge_site.staff.addresses import admin_address, change_address
from pages.editing.content_admin import ContentAdmin, OrderedInline
from pages.editing.filters import LatestVersionsFilter
from planning.admin.parts import PlanPartAdmin
from planning.admin.pasted_rows import add_pasted_rows
from planning.admin.table_forms import (
    BudgetTableForm,
    ColumnForm,
    ColumnFormSet,
    LineForm,
    LineFormSet,
)
from planning.admin.table_imports import TableExportMixin, TableImportMixin
from planning.models import Budget, BudgetColumn, BudgetLine, BudgetTable

PASTE_BUTTON = "_paste"  # the names of buttons that show the form again, without saving it
SHOW_BUTTON = "_show"
UNSAVED = "Inget är sparat än."


@admin.register(Budget)
class BudgetAdmin(TableImportMixin, ContentAdmin):
    address_fields = ("year",)
    list_display = ["__str__", "plan", "decided_on"]
    list_filter = [("plan", LatestVersionsFilter)]
    fields = ["plan", "year", "tax_rate", "decided_on", "introduction"]


class BudgetColumnInline(OrderedInline):
    model = BudgetColumn
    form = ColumnForm
    formset = ColumnFormSet
    verbose_name_plural = "kolumner"
    classes = ["collapse"]
    fields = ["kind", "year", "last_year", "name", "position", "content"]
    readonly_fields = ["content"]

    def get_queryset(self, request):
        self.counts = None
        return super().get_queryset(request)

    @admin.display(description="följer med om den tas bort")
    def content(self, column):
        if column.pk is None:
            return ""
        if self.counts is None:
            lines = BudgetLine.objects.filter(table=column.table_id)
            self.counts = Counter(code for line in lines for code in line.amounts)
        count = self.counts[column.code]
        return f"{count} belopp" if count else "inga belopp"


class FirstColumnInline(BudgetColumnInline):
    """The first column of a new table. It is saved as it is offered."""

    verbose_name_plural = "första kolumnen"
    classes = []
    fields = ["kind", "year", "last_year", "name", "position"]
    min_num = max_num = 1


class BudgetLineInline(OrderedInline):
    model = BudgetLine
    form = LineForm
    formset = LineFormSet
    template = "admin/planning/lines.html"
    fields = ["name", "kind", "code", "amounts", "position"]
    exclude = ["amounts"]  # there is a field for each column instead

    def get_extra(self, request, obj=None, **kwargs):
        return 3 if self.has_change_permission(request, obj) else 0


@admin.register(BudgetTable)
class BudgetTableAdmin(TableExportMixin, PlanPartAdmin):
    form = BudgetTableForm
    change_form_template = "admin/planning/table_form.html"
    is_outlined = False  # the table needs the whole width
    address_fields = ("slug",)
    list_display = ["title", "budget", "unit", "position"]
    list_filter = [("budget__plan", LatestVersionsFilter)]
    search_fields = ["title_sv", "title_en"]
    prepopulated_fields = {"slug": ["title_sv"]}
    fields = ["budget", "title", ("unit", "decimals"), "note", "slug", "position"]
    inlines = [BudgetColumnInline, BudgetLineInline]
    template_inputs = ("pasted",)

    class Media:
        js = [Script("js/budget.js", type="module")]

    def get_inlines(self, request, obj):
        # A new table gets its first column, and then its lines.
        return self.inlines if obj else [FirstColumnInline]

    def get_fieldsets(self, request, obj=None):
        [(_title, options)] = super().get_fieldsets(request, obj)
        if obj is None:
            return [(None, options)]
        return [("Rubrik, enhet och anmärkning", options | {"classes": ["collapse"]})]

    def get_formset_kwargs(self, request, obj, inline, prefix):
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if isinstance(inline, BudgetLineInline):
            kwargs["shown_code"] = request.POST.get(SHOW_BUTTON) or request.GET.get("kolumn")
        elif isinstance(inline, FirstColumnInline) and request.GET.get("budget", "").isdecimal():
            budget = get_object_or_404(Budget, pk=request.GET["budget"])
            kwargs["initial"] = [{"kind": BudgetColumn.Kind.BUDGET, "year": budget.year}]
        return kwargs

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        if PASTE_BUTTON in request.POST and (object_id or "").isdecimal():
            columns = BudgetColumn.objects.filter(table=object_id)
            text = request.POST.get("pasted", "")
            request.POST, request.table_notes = add_pasted_rows(request.POST, text, columns)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def find_errors(self, request, form):
        errors = super().find_errors(request, form)
        if PASTE_BUTTON in request.POST or SHOW_BUTTON in request.POST:
            errors.append(UNSAVED)
        return errors

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        notes = getattr(request, "table_notes", [])
        if SHOW_BUTTON in request.POST:
            notes = ["Det du har skrivit står kvar, men är inte sparat än."]
        if notes and [message for errors in context["errors"] for message in errors] == [UNSAVED]:
            context["errors"] = []
        context |= {"notes": notes, "show_save_and_add_another": False}
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def response_post_save_add(self, request, obj):
        return redirect(change_address(obj))  # where its lines are entered

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        forget_columns(form.instance)


def forget_columns(table):
    """Remove the amounts of columns that the table no longer has from its lines."""
    codes = set(table.columns.values_list("code", flat=True))
    lines = [line for line in table.lines.all() if not codes.issuperset(line.amounts)]
    for line in lines:
        line.amounts = {code: value for code, value in line.amounts.items() if code in codes}
    BudgetLine.objects.bulk_update(lines, ["amounts"])


@admin.register(BudgetLine)
class BudgetLineAdmin(PlanPartAdmin):
    list_display = ["name", "table", "kind", "position"]
    list_filter = [("table__budget__plan", LatestVersionsFilter), "table__budget__year", "kind"]
    search_fields = ["name_sv", "name_en", "code"]
    fields = ["table", "name", "kind", "code", "position"]

    def has_add_permission(self, request):
        return False  # lines are added in the form of their table

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Redirect to the row of the line in the form of its table."""
        line = get_object_or_404(BudgetLine, pk=object_id)
        address = admin_address(BudgetTable, "change", line.table_id)
        return redirect(f"{address}#rad-{line.pk}")
