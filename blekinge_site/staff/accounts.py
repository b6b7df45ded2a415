"""The admin of accounts and of the log."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import User

from blekinge_site.staff.signin import directory
from blekinge_site.staff.signin_log import SIGN_IN, log_sign_in_event

# AccountAdmin replaces Django's. allauth's models are managed on the sign-in pages.
for model in (User, Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken):
    admin.site.unregister(model)


class AccountForm(UserChangeForm):
    """An account, with its owner's identifier in the region's directory if the site uses one."""

    directory_id = forms.CharField(
        label="Identifierare i regionens katalog",
        required=False,
        max_length=SocialAccount._meta.get_field("uid").max_length,
        help_text=(
            "Den som har identifieraren loggar in i kontot med regionens konto. Personen ser sin "
            "identifierare när inloggningen nekas. Lämna tomt för att ta bort kopplingen. Ett konto som inte "
            "är superanvändares kopplas annars första gången genom e-postadressen, om katalogen intygar den."
        ),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if directory() is None:
            del self.fields["directory_id"]
        else:
            self.initial["directory_id"] = identifier_of(self.instance)

    def clean_directory_id(self):
        identifier = self.cleaned_data["directory_id"]
        others = SocialAccount.objects.exclude(user=self.instance)
        if others.filter(provider=directory(), uid=identifier).exists():
            raise forms.ValidationError("Ett annat konto har redan den identifieraren.")
        return identifier


def identifier_of(user):
    """Return the identifier of `user` in the region's directory, or an empty string."""
    social_account = SocialAccount.objects.filter(user=user, provider=directory()).first()
    return social_account.uid if social_account else ""


def may_manage(user, account):
    """Return whether `user` may manage `account`, a User or None: only superusers manage superusers."""
    return account is None or user.is_superuser or not account.is_superuser


@admin.register(User)
class AccountAdmin(UserAdmin):
    """Accounts get their permissions from groups. Only superusers can create superusers."""

    form = AccountForm
    actions = ["remove_second_factor"]
    filter_horizontal = ["groups"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Behörighet", {"fields": ["is_active", "is_staff", "is_superuser", "groups"]}),
        ("Tider", {"fields": ["last_login", "date_joined"]}),
    ]

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or directory() is None:
            return fieldsets
        return [*fieldsets[:2], ("Regionens konto", {"fields": ["directory_id"]}), *fieldsets[2:]]

    @admin.display(description="Identifierare i regionens katalog")
    def directory_id(self, user):
        return identifier_of(user)  # shown to staff who may only view the account

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if "directory_id" in form.changed_data:
            SocialAccount.objects.filter(user=obj, provider=directory()).delete()
            if identifier := form.cleaned_data["directory_id"]:
                SocialAccount.objects.create(user=obj, provider=directory(), uid=identifier)

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else [*fields, "is_superuser"]

    def has_change_permission(self, request, obj=None):
        return may_manage(request.user, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return may_manage(request.user, obj) and super().has_delete_permission(request, obj)

    @admin.action(description="Ta bort tvåfaktorsinloggning", permissions=["change"])
    def remove_second_factor(self, request, queryset):
        """Let users who have lost their second factor sign in with their password and add a new factor."""
        for user in queryset:
            if not self.has_change_permission(request, user):
                self.message_user(request, f"Du får inte ändra {user}.", messages.ERROR)
                continue
            Authenticator.objects.filter(user=user).delete()
            log_sign_in_event(user, "Tvåfaktorsinloggningen togs bort.", actor=request.user)
            self.message_user(request, f"Tvåfaktorsinloggningen är borttagen för {user}.")


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
