"""Import and export of the tables of a budget, and of the goals of a plan."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import path

from blekinge_site.staff.addresses import admin_address
from planning.admin.imports import ImportMixin, file_response
from planning.importing.memory import recall
from planning.models import (
    Budget,
    BudgetColumn,
    BudgetLine,
    BudgetTable,
    FocusArea,
    Goal,
    Perspective,
)

EXTENSIONS = (("xlsx", "Excel"), ("csv", "csv"))


def export_links(obj, *args):
    """Return the links to the exports of `obj`: `[(text, address), …]`."""
    return [
        (label, admin_address(obj, "export", obj.pk, *args, extension))
        for extension, label in EXTENSIONS
    ]


class TableImportMixin(ImportMixin):
    """Imports files to a table of a budget, or as a new table to a budget."""

    import_kind = "table"
    import_models = (BudgetTable, BudgetColumn, BudgetLine)

    def review(self, obj, sheet, choices):
        from planning.importing.tables import TableReview
        from planning.importing.targets import Target

        is_table = isinstance(obj, BudgetTable)
        target = Target(obj.budget, obj) if is_table else Target(obj)
        return TableReview(sheet, target, choices, recall(self.import_kind))

    def save_review(self, review):
        from planning.importing.saving import save_table

        return save_table(review)

    def import_texts(self, obj):
        is_table = isinstance(obj, BudgetTable)
        path_to = f"{obj.budget} › {obj}" if is_table else f"{obj}, en ny tabell"
        return {
            "target": f"{path_to} ({obj.publishable()})",
            "whole": "Filen är hela tabellen. Rader som den saknar tas bort, och ordningen blir filens.",
            "only": "Bara de här raderna. Det som inte står i filen blir kvar.",
            "help": (
                "Regionens egen fil går att läsa som den är. Den ska ha en rad med rubriker, en kolumn med "
                "radernas namn och en eller flera med belopp. Titelrader, noter och tomma rader hoppas över."
            ),
        }

    def import_links(self, obj):
        tables = [obj] if isinstance(obj, BudgetTable) else obj.tables.all()
        return [(str(table), export_links(table)) for table in tables]


class TableExportMixin(TableImportMixin):
    """Also exports a table."""

    def get_urls(self):
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(self.export_view)
        return [path("<int:pk>/exportera.<slug:extension>", view, name=name), *super().get_urls()]

    def export_view(self, request, pk, extension):
        """Send the table as a file."""
        from planning.importing.exports import export_table

        table = get_object_or_404(BudgetTable.objects.select_related("budget__plan"), pk=pk)
        if not self.has_view_permission(request, table):
            raise PermissionDenied
        if extension not in dict(EXTENSIONS):
            raise Http404
        return file_response(export_table(table), f"{table} {table.budget}", extension)


class GoalImportMixin(ImportMixin):
    """Imports the perspectives, goals and focus areas of a plan, and exports them."""

    import_kind = "goals"
    import_models = (Perspective, Goal, FocusArea)

    def get_urls(self):
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(self.export_view)
        export = "<int:pk>/exportera/<slug:kind>.<slug:extension>"
        return [path(export, view, name=name), *super().get_urls()]

    def export_view(self, request, pk, kind, extension):
        """Send the goals as a file."""
        from planning.importing.exports import export_goals

        plan = get_object_or_404(self.model, pk=pk)
        if not self.has_view_permission(request, plan):
            raise PermissionDenied
        if extension not in dict(EXTENSIONS):
            raise Http404
        if kind == "insatsomraden":  # the address of an earlier export, which the goals' replaced
            return redirect(admin_address(plan, "export", pk, "mal", extension))
        if kind != "mal":
            raise Http404
        return file_response(export_goals(plan), f"mål {plan}", extension)

    def review(self, obj, sheet, choices):
        from planning.importing.goals import GoalReview

        return GoalReview(sheet, obj, choices, recall(self.import_kind))

    def save_review(self, review):
        from planning.importing.saving import save_goals

        save_goals(review)
        return review.plan

    def import_texts(self, obj):
        return {
            "target": f"Mål i {obj}",
            "whole": "Filen är alla mål. Det som den saknar tas bort, och ordningen blir filens.",
            "only": "Bara de här raderna. Det som inte står i filen blir kvar.",
            "help": (
                "Filen ska ha en rad med rubriker och en kolumn med mål. Perspektiv, beskrivningar, "
                "insatsområden och engelska texter får också finnas. En tom cell betyder samma som "
                "cellen ovanför."
            ),
        }

    def import_links(self, obj):
        links = [("Mål och insatsområden", export_links(obj, "mal"))]
        for budget in Budget.objects.filter(plan=obj).prefetch_related("tables"):
            for table in budget.tables.all():
                address = admin_address(table, "import", table.pk)
                links.append((f"{budget}, {table}", [("Importera", address), *export_links(table)]))
            address = admin_address(budget, "import", budget.pk)
            links.append((f"{budget}, en ny tabell", [("Importera", address)]))
        return links
