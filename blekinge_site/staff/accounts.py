"""The admin of accounts, and of the log of what their owners have done."""

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
from blekinge_site.staff.signin_log import SIGN_IN, record

# Ours is below, and what allauth keeps about accounts is dealt with where people sign in.
for model in (User, Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken):
    admin.site.unregister(model)


class AccountForm(UserChangeForm):
    """An account, with the person it belongs to in the region's directory, where there is one."""

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
    """Return what the region's directory knows the person of account `user` by, or an empty string."""
    linked = SocialAccount.objects.filter(user=user, provider=directory()).first()
    return linked.uid if linked else ""


@admin.register(User)
class AccountAdmin(UserAdmin):
    """Accounts get what their group may do; only a superuser makes another one."""

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
        return identifier_of(user)  # for those who may not change it

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
        guarded = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not guarded and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        guarded = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not guarded and super().has_delete_permission(request, obj)

    @admin.action(description="Ta bort tvåfaktorsinloggning", permissions=["change"])
    def remove_second_factor(self, request, queryset):
        """Let those who have lost their telephone or key sign in with their password, and start anew."""
        for user in queryset:
            if not self.has_change_permission(request, user):
                self.message_user(request, f"Du får inte ändra {user}.", messages.ERROR)
                continue
            Authenticator.objects.filter(user=user).delete()
            record(user, "Tvåfaktorsinloggningen togs bort.", by=request.user)
            self.message_user(request, f"Tvåfaktorsinloggningen är borttagen för {user}.")


KINDS = {ADDITION: "Ny", CHANGE: "Ändring", DELETION: "Borttagning", SIGN_IN: "Inloggning"}


class KindFilter(admin.SimpleListFilter):
    title = "slag"
    parameter_name = "slag"

    def lookups(self, request, model_admin):
        return KINDS.items()

    def queryset(self, request, queryset):
        wanted = {str(kind): kind for kind in KINDS}.get(self.value())
        return queryset if wanted is None else queryset.filter(action_flag=wanted)


@admin.register(LogEntry)
class LogAdmin(admin.ModelAdmin):
    """Who has done what on these pages and when signing in. Nobody changes it.

    An account that is in it cannot be deleted, which would delete its part of the log; it is made
    inactive instead.
    """

    list_display = ["action_time", "user", "kind", "thing", "message"]
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
    def thing(self, entry):
        sort = f"{entry.content_type.name}: " if entry.content_type else ""
        return f"{sort}{entry.object_repr}"

    @admin.display(description="händelse")
    def message(self, entry):
        return entry.get_change_message()

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
