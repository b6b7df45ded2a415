"""The admin of the log of edits and sign-ins."""

from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry

from blekinge_site.staff.signin_log import SIGN_IN

KINDS = {ADDITION: "Ny", CHANGE: "Ändring", DELETION: "Borttagning", SIGN_IN: "Inloggning"}


class KindFilter(admin.SimpleListFilter):
    title = "slag"
    parameter_name = "slag"

    def lookups(self, request, model_admin):
        return KINDS.items()

    def queryset(self, request, queryset):
        kind = {str(kind): kind for kind in KINDS}.get(self.value())
        return queryset if kind is None else queryset.filter(action_flag=kind)


@admin.register(LogEntry)
class LogAdmin(admin.ModelAdmin):
    """The read-only log of edits and sign-ins.

    Deleting an account would delete its log entries. So accounts with entries cannot be deleted, only made
    inactive.
    """

    list_display = ["action_time", "user", "kind", "target", "message"]
    list_filter = [
        "action_time",
        KindFilter,
        ("user", admin.RelatedOnlyFieldListFilter),
        ("content_type", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["user", "content_type"]
    search_fields = ["user__username", "object_repr", "change_message"]
    fields = readonly_fields = list_display

    @admin.display(description="slag", ordering="action_flag")
    def kind(self, entry):
        return KINDS[entry.action_flag]

    @admin.display(description="vad", ordering="object_repr")
    def target(self, entry):
        content_type = f"{entry.content_type.name}: " if entry.content_type else ""
        return f"{content_type}{entry.object_repr}"

    @admin.display(description="händelse")
    def message(self, entry):
        return entry.get_change_message()

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
