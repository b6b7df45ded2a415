"""The admin of the profile and the pages, in model order."""

from django.contrib import admin

from pages.desk.cards import card_of, counted, shown_version
from pages.editing.content_admin import ContentAdmin, OrderedInline, OrderInline
from pages.editing.publishing_admin import PUBLISHING, PublishableAdmin
from pages.exchange.admin import ExchangeAdmin
from pages.feedback_admin import FeedbackAdmin
from pages.models import Administration, CoreValue, DailyStat, Feedback, Page, RegionProfile


class DailyStatInline(OrderedInline):
    model = DailyStat
    fields = ["value", "sentence", "as_of", "source", "position"]


class CoreValueInline(OrderInline):
    model = CoreValue
    fields = ["name", "position"]


class AdministrationInline(OrderInline):
    model = Administration
    fields = ["name", "position"]


@admin.register(RegionProfile)
class RegionProfileAdmin(ExchangeAdmin):
    resources = ["pages.resources.DailyStatResource"]
    list_display = ["name", "state", "changed_at"]
    fieldsets = [
        (None, {"fields": ["name", "lead", "mission", "responsibilities", "vision"]}),
        ("Organisation och värdegrund", {"fields": ["organisation", "values_introduction"]}),
        PUBLISHING,
    ]
    inlines = [DailyStatInline, CoreValueInline, AdministrationInline]

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
class PageAdmin(PublishableAdmin):
    address_fields = ("slug", "slug_en")
    list_display = ["title", "slug", "state", "menu_position", "changed_at"]
    list_filter = ["status"]
    search_fields = ["title_sv", "title_en", "lead_sv", "body_sv"]
    prepopulated_fields = {"slug": ["title_sv"], "slug_en": ["title_en"]}
    fieldsets = [
        (None, {"fields": ["title", "lead", "body"]}),
        ("Plats på webbplatsen", {"fields": ["slug", "slug_en", "parent", "menu_position"]}),
        PUBLISHING,
    ]


admin.site.register(Feedback, FeedbackAdmin)
