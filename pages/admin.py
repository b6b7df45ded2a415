"""The admin of who we are, in model order, and of the accounts of those who write it."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.utils.html import format_html

from pages.editing import ContentAdmin, OrderedInline, OrderInline
from pages.exchange import DailyStatResource
from pages.exchange_admin import ExchangeAdmin
from pages.models import Administration, CoreValue, DailyStat, Feedback, Page, RegionProfile
from pages.publishing_admin import PUBLISHING, PublishableAdmin


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
    resources = [DailyStatResource]
    list_display = ["name", "state", "changed_at"]
    fieldsets = [
        (None, {"fields": ["name", "lead", "mission", "responsibilities", "vision"]}),
        ("Organisation och värdegrund", {"fields": ["organisation", "values_introduction"]}),
        PUBLISHING,
    ]
    inlines = [DailyStatInline, CoreValueInline, AdministrationInline]

    def has_add_permission(self, request):
        return super().has_add_permission(request) and not RegionProfile.objects.exists()


@admin.register(DailyStat)
class DailyStatAdmin(ContentAdmin):
    parent_field = "profile"
    list_display = ["sentence", "value", "position"]


@admin.register(Administration)
class AdministrationAdmin(ContentAdmin):
    parent_field = "profile"
    list_display = ["name", "valid_from", "valid_to", "position"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(CoreValue)
class CoreValueAdmin(ContentAdmin):
    parent_field = "profile"
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


@admin.register(Feedback)
class FeedbackAdmin(admin.ModelAdmin):
    list_display = ["created_at", "page_link", "language", "helpful", "message"]
    list_filter = ["helpful", "language", "created_at"]
    search_fields = ["address", "message"]
    readonly_fields = ["created_at", "page_link", "language", "helpful", "message"]
    fields = readonly_fields

    @admin.display(description="sida", ordering="address")
    def page_link(self, feedback):
        return format_html('<a href="{}">{}</a>', feedback.address, feedback.address)

    def has_add_permission(self, request):
        return False


admin.site.unregister(User)


@admin.register(User)
class AccountAdmin(UserAdmin):
    """Accounts get what their group may do; only a superuser makes another one."""

    filter_horizontal = ["groups"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Behörighet", {"fields": ["is_active", "is_staff", "is_superuser", "groups"]}),
        ("Tider", {"fields": ["last_login", "date_joined"]}),
    ]

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else [*fields, "is_superuser"]

    def has_change_permission(self, request, obj=None):
        guarded = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not guarded and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        guarded = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not guarded and super().has_delete_permission(request, obj)
