"""The admin of what visitors answer: the answers one by one, and what they say of each page."""

from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html

from blekinge_site.formats import number
from pages.exchange.spreadsheets import FORMATS
from pages.models import Feedback

PERIODS = {7: "7 dagar", 30: "30 dagar", 90: "90 dagar", 365: "365 dagar"}
MOST_PAGES = 200  # in the table; the file has them all


def chosen_period(request):
    """Return the number of days that the visitor of the page has chosen, or 30."""
    return next((days for days in PERIODS if str(days) == request.GET.get("dagar")), 30)


def share(part, whole):
    """Return `part` of `whole` in percent, or None of nothing."""
    return round(100 * part / whole) if whole else None


def with_shares(row):
    """Return `row` of `per_page` with the shares that were helped, and how the later one differs."""
    now = share(row["helped"], row["answers"])
    before = share(row["helped_before"], row["answers_before"])
    change = None if now is None or before is None else now - before
    return row | {"share": now, "share_before": before, "change": change}


def with_sign(change):
    """Return a change in percentage points as staff read it: +5, −3, 0."""
    return f"+{change}" if change > 0 else number(change)


def csv_answer(name, headings, rows):
    """Return a csv file called `name` for download."""
    import tablib  # which nothing needs that visitors ask for

    write, content_type = FORMATS["csv"]
    return HttpResponse(
        write(tablib.Dataset(*rows, headers=headings)),
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


class FeedbackAdmin(admin.ModelAdmin):
    change_list_template = "admin/feedback_list.html"
    list_display = ["created_at", "page_link", "language", "helpful", "message"]
    list_filter = ["helpful", "language", "created_at"]
    search_fields = ["address", "message"]
    readonly_fields = ["created_at", "page_link", "language", "helpful", "message"]
    fields = readonly_fields

    def get_urls(self):
        views = {
            "per_page": ("per-sida/", self.per_page_view),
            "per_page_csv": ("per-sida.csv", self.per_page_csv),
            "answers_csv": ("svar.csv", self.answers_csv),
        }
        return [
            *(
                path(word, self.admin_site.admin_view(view), name=f"pages_feedback_{name}")
                for name, (word, view) in views.items()
            ),
            *super().get_urls(),
        ]

    @admin.display(description="sida", ordering="address")
    def page_link(self, feedback):
        return format_html('<a href="{}">{}</a>', feedback.address, feedback.address)

    def has_add_permission(self, request):
        return False

    def seen(self, request):
        """Return the answers if the user may see them; raises PermissionDenied."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return Feedback.objects.all()

    def per_page_view(self, request):
        days = chosen_period(request)
        rows = [with_shares(row) for row in self.seen(request).per_page(days)[: MOST_PAGES + 1]]
        for row in rows:
            row["list"] = f"../?{urlencode({'address': row['address']})}"
            row["change"] = None if row["change"] is None else with_sign(row["change"])
        context = self.admin_site.each_context(request) | {
            "title": "Återkoppling per sida",
            "opts": self.opts,
            "periods": PERIODS.items(),
            "days": days,
            "rows": rows[:MOST_PAGES],
            "most": MOST_PAGES if len(rows) > MOST_PAGES else None,
        }
        return TemplateResponse(request, "admin/feedback_per_page.html", context)

    def per_page_csv(self, request):
        days = chosen_period(request)
        columns = {
            "Sida": "address",
            "Svar": "answers",
            "Nej": "unhelped",
            "Hjälpte, procent": "share",
            "Svar perioden före": "answers_before",
            "Hjälpte perioden före, procent": "share_before",
            "Förändring, procentenheter": "change",
            "Med egna ord": "worded",
        }
        found = map(with_shares, self.seen(request).per_page(days))
        rows = [[row[name] for name in columns.values()] for row in found]
        return csv_answer(f"aterkoppling-per-sida-{days}-dagar", list(columns), rows)

    def answers_csv(self, request):
        days = chosen_period(request)
        rows = [
            (
                timezone.localtime(answer.created_at).strftime("%Y-%m-%d %H:%M"),
                answer.address,
                answer.language,
                "ja" if answer.helpful else "nej",
                answer.message,
            )
            for answer in self.seen(request).of_last(days)
        ]
        headings = ["Tid", "Sida", "Språk", "Hjälpte", "Meddelande"]
        return csv_answer(f"aterkoppling-{days}-dagar", headings, rows)
