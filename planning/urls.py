from django.urls import path, register_converter
from django.urls.converters import IntConverter
from django.utils.translation import gettext_lazy as _

from planning import views


class PeriodConverter:
    """A plan's years in an address: 2019-2021 is the pair (2019, 2021), and 2026 is (2026, 2026)."""

    regex = "[0-9]{4}(?:-[0-9]{4})?"

    def to_python(self, value):
        first_year, _dash, last_year = value.partition("-")
        if first_year == last_year:
            raise ValueError("a plan of one year has one year in its address")
        return int(first_year), int(last_year or first_year)

    def to_url(self, value):
        first_year, last_year = value
        return f"{first_year:04}" if first_year == last_year else f"{first_year:04}-{last_year:04}"


class DoubledYearConverter:
    """The years of a plan of one year as its address had them earlier: 2026-2026."""

    regex = "[0-9]{4}-[0-9]{4}"

    def to_python(self, value):
        first_year, last_year = value.split("-")
        if first_year != last_year:
            raise ValueError("two different years")
        return int(first_year), int(last_year)

    def to_url(self, value):
        first_year, last_year = value
        return f"{first_year:04}-{last_year:04}"


class YearConverter(IntConverter):
    regex = "[0-9]{4}"


register_converter(PeriodConverter, "period")
register_converter(DoubledYearConverter, "doubled_year")
register_converter(YearConverter, "year")

app_name = "planning"

urlpatterns = [
    path("", views.start_page, name="start"),
    path(_("regionplan/"), views.current_plan_page, name="current_plan"),
    path(_("regionplan/<period:period>.pdf"), views.plan_pdf, name="plan_pdf"),
    path(_("regionplan/<period:period>/"), views.plan_page, name="plan"),
    path(_("regionplan/<period:period>/budget-<year:year>/"), views.budget_page, name="budget"),
    path(
        _("regionplan/<period:period>/budget-<year:year>/<slug:code>/"),
        views.budget_page,
        name="budget_column",
    ),
    path(
        _("regionplan/<period:period>/dokument/<int:number>/"), views.document_file, name="document"
    ),
    path(_("regionplan/<period:period>/<slug:slug>/"), views.perspective_page, name="perspective"),
    path(
        _("regionplan/<doubled_year:period><path:rest>"),
        views.doubled_year_redirect,
        name="doubled_year",
    ),
]
