"""The admin of the profile and the pages, in model order."""

from django.contrib import admin

from pages.desk.cards import card_of, counted, shown_version
from pages.editing.content_admin import ContentAdmin, OrderedInline
from pages.editing.link_views import LinkViewsMixin
from pages.editing.outline import Addition, Row, Section
from pages.editing.publishing_admin import PUBLISHING, PublishableAdmin
from pages.exchange.admin import ExchangeAdmin
from pages.feedback_admin import FeedbackAdmin
from pages.models import Administration, CoreValue, DailyStat, Feedback, Page, RegionProfile


class DailyStatInline(OrderedInline):
    model = DailyStat
    fields = ["value", "sentence", "as_of", "source", "position"]


@admin.register(RegionProfile)
class RegionProfileAdmin(ExchangeAdmin):
    resources = ["pages.resources.DailyStatResource"]
    list_display = ["name", "state", "changed_at"]
    fieldsets = [
        (None, {"fields": ["name", "lead", "mission", "responsibilities", "vision"]}),
        ("Organisation och värdegrund", {"fields": ["organisation", "values_introduction"]}),
        PUBLISHING,
    ]
    inlines = [DailyStatInline]

    def outline_sections(self, profile):
        figures = f"{profile.daily_stats.count()} siffror för en dag"
        parents = {"profile": profile}
        return [
            Section("", [Row(profile, "Om regionen", count=figures)]),
            Section(
                "Ledstjärnor",
                [Row(value, str(value), value.name_en) for value in profile.core_values.all()],
                [Addition("Lägg till ledstjärna", CoreValue, parents)],
            ),
            Section(
                "Förvaltningar",
                [Row(entry, str(entry), entry.name_en) for entry in profile.administrations.all()],
                [Addition("Lägg till förvaltning", Administration, parents)],
            ),
        ]

    def desk_card(self, request, owners):
        profile = shown_version(RegionProfile)
        if profile is None:
            return None, None
        facts = [counted(profile.daily_stats), counted(profile.core_values)]
        return card_of(profile, [", ".join(facts)]), None

    def has_add_permission(self, request):
        return super().has_add_permission(request) and not RegionProfile.objects.exists()


@admin.register(DailyStat)
class DailyStatAdmin(ContentAdmin):
    list_display = ["sentence", "value", "position"]


@admin.register(Administration)
class AdministrationAdmin(ContentAdmin):
    list_display = ["name", "valid_from", "valid_to", "position"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(CoreValue)
class CoreValueAdmin(ContentAdmin):
    address_fields = ("slug",)
    list_display = ["name", "position"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Page)
class PageAdmin(LinkViewsMixin, PublishableAdmin):
    address_fields = ("slug", "slug_en")
    list_display = [
        "title",
        "slug",
        "parent",
        "state",
        "header_position",
        "menu_position",
        "changed_at",
    ]
    list_select_related = ["parent"]
    list_filter = ["status"]
    search_fields = ["title_sv", "title_en", "lead_sv", "body_sv"]
    prepopulated_fields = {"slug": ["title_sv"], "slug_en": ["title_en"]}
    fieldsets = [
        (None, {"fields": ["title", "lead", "body"]}),
        (
            "Plats på webbplatsen",
            {
                "fields": [
                    "slug",
                    "slug_en",
                    ("parent", "child_position"),
                    ("header_position", "menu_position"),
                ]
            },
        ),
        PUBLISHING,
    ]


admin.site.register(Feedback, FeedbackAdmin)
