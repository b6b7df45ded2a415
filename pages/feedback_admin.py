"""The admin of visitors' feedback: single answers, and totals for each page."""

from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from blekinge_site.formats import number
from pages.desk.trend import MIN_ANSWERS, line_of, percentage
from pages.exchange.spreadsheets import FORMATS
from pages.feedback_inbox import FeedbackInboxMixin
from pages.models import Feedback
from pages.publishing.owners import Owners

MAX_PAGES_IN_FILTER = 50
PERIODS = {7: "7 dagar", 30: "30 dagar", 90: "90 dagar", 365: "1 år"}
# For each period, the days between the points of a page's line, and what staff call them.
STEPS = {
    7: (1, "per dag"),
    30: (7, "per vecka"),
    90: (7, "per vecka"),
    365: (28, "per fyra veckor"),
}
MAX_PAGES = 200  # in the table; the file has no limit


def chosen_period(request):
    """Return the chosen number of days, or 90."""
    return next((days for days in PERIODS if str(days) == request.GET.get("dagar")), 90)


def with_shares(row):
    """Return `row`, from `per_page`, with the percentages of visitors who were helped, and their change.

    They are None for fewer answers than MIN_ANSWERS. The change is also a text with its sign: +5, −3, 0.
    """
    now = percentage(row["helped"], row["answers"])
    before = percentage(row["helped_before"], row["answers_before"])
    change = None if now is None or before is None else now - before
    text = None if change is None else f"+{change}" if change > 0 else number(change)
    return row | {"share": now, "share_before": before, "change": change, "change_text": text}


def csv_response(name, headings, rows):
    """Return a response with a csv file called `name` to download."""
    import tablib  # imported here, since no public page needs it

    write, content_type = FORMATS["csv"]
    return HttpResponse(
        write(tablib.Dataset(*rows, headers=headings)),
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


class PageFilter(admin.SimpleListFilter):
    """Shows only answers about one page. The choices are those with the most answers, and the chosen one."""

    title = "sida"
    parameter_name = "address"

    def lookups(self, request, model_admin):
        counts = Feedback.objects.order_by().values("address").annotate(answers=Count("pk"))
        most = counts.order_by("-answers", "address")[:MAX_PAGES_IN_FILTER]
        addresses = {row["address"] for row in most} | {request.GET.get(self.parameter_name)}
        return [(address, address) for address in sorted(addresses - {None, ""})]

    def queryset(self, request, queryset):
        return queryset.filter(address=self.value()) if self.value() else queryset


class HandledFilter(admin.SimpleListFilter):
    """Shows the answers in visitors' own words that are new, or those that are handled."""

    title = "läge"
    parameter_name = "lage"

    def lookups(self, request, model_admin):
        return [("nya", "Nya med egna ord"), ("hanterade", "Hanterade")]

    def queryset(self, request, answers):
        if self.value() == "nya":
            return answers.waiting()
        return answers.filter(handled_at__isnull=False) if self.value() else answers


class FeedbackAdmin(FeedbackInboxMixin, admin.ModelAdmin):
    change_list_template = "admin/feedback_list.html"
    list_display = ["created_at", "page_link", "language", "helpful", "message", "handled_at"]
    list_filter = [PageFilter, HandledFilter, "helpful", "language", "created_at"]
    search_fields = ["address", "message"]
    readonly_fields = [
        *("created_at", "page_link", "language", "helpful", "message"),
        *("handled_at", "handled_by", "note"),
    ]
    fields = readonly_fields

    def get_urls(self):
        views = {
            "handle": ("<int:pk>/hantera/", require_POST(self.handle_view)),
            "reopen": ("<int:pk>/oppna-igen/", require_POST(self.reopen_view)),
            "per_page": ("per-sida/", self.per_page_view),
            "per_page_csv": ("per-sida.csv", self.per_page_csv),
            "answers_csv": ("svar.csv", self.answers_csv),
        }
        return [
            *(
                path(route, self.admin_site.admin_view(view), name=f"pages_feedback_{name}")
                for name, (route, view) in views.items()
            ),
            *super().get_urls(),
        ]

    @admin.display(description="sida", ordering="address")
    def page_link(self, feedback):
        return format_html('<a href="{}">{}</a>', feedback.address, feedback.address)

    def has_add_permission(self, request):
        return False

    def viewable(self, request):
        """Return all feedback, or raise PermissionDenied if the user may not view it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return Feedback.objects.all()

    def has_change_permission(self, request, obj=None):
        """Deny changes of answers. Only their handling can change: see `may_handle`."""
        return False

    def waiting_count(self):
        """Return how many answers wait. The menu of the staff's pages shows it."""
        return Feedback.objects.waiting().count()

    def per_page_view(self, request):
        days = chosen_period(request)
        step, step_name = STEPS[days]
        rows = [with_shares(row) for row in self.viewable(request).per_page(days)[: MAX_PAGES + 1]]
        owners = Owners()
        lines = Feedback.objects.shares_over_time(days, step)
        for row in rows:
            address = row["address"]
            row["name"] = owners.name_of(address)
            row["list"] = f"../?{urlencode({'address': address})}"
            row["inbox"] = f"?{urlencode({'dagar': days, 'sida': address})}#egna-ord"
            row["line"] = line_of(lines.get(address, []))
        context = self.admin_site.each_context(request) | {
            "title": "Återkoppling",
            "opts": self.opts,
            "periods": PERIODS.items(),
            "days": days,
            "period": PERIODS[days],
            "step_name": step_name,
            "rows": rows[:MAX_PAGES],
            "most": MAX_PAGES if len(rows) > MAX_PAGES else None,
            "min_answers": MIN_ANSWERS,
            "inbox": self.inbox(request, owners),
            "may_handle": self.may_handle(request),
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
        pages = map(with_shares, self.viewable(request).per_page(days))
        rows = [[page[name] for name in columns.values()] for page in pages]
        return csv_response(f"aterkoppling-per-sida-{days}-dagar", list(columns), rows)

    def answers_csv(self, request):
        days = chosen_period(request)
        rows = [
            (
                timezone.localtime(answer.created_at).strftime("%Y-%m-%d %H:%M"),
                answer.address,
                answer.language,
                "ja" if answer.helpful else "nej",
                answer.message,
                answer.handled_at
                and timezone.localtime(answer.handled_at).strftime("%Y-%m-%d %H:%M"),
                answer.note,
            )
            for answer in self.viewable(request).of_last(days)
        ]
        headings = ["Tid", "Sida", "Språk", "Hjälpte", "Meddelande", "Hanterat", "Anteckning"]
        return csv_response(f"aterkoppling-{days}-dagar", headings, rows)
