"""The admin of accounts: invitations, roles, forgotten passwords, and accounts that are closed."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path

from blekinge_site.staff import links
from blekinge_site.staff.account_forms import DIRECTORY, AccountForm, identifier_of
from blekinge_site.staff.addresses import admin_address, change_address
from blekinge_site.staff.roles import may_manage
from blekinge_site.staff.signin import directory, needs_second_factor
from blekinge_site.staff.signin_log import log_sign_in_event

# AccountAdmin replaces Django's. allauth's models are managed on the sign-in pages.
for model in (User, Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken):
    admin.site.unregister(model)

# The session key of a link that its maker sees once: {"account": primary key, "link": address}.
LINK_KEY = "link_to_hand_over"


def name_of(account):
    return account.get_full_name() or account.get_username()


def is_open(account):
    """Return whether the owner of `account` may sign in."""
    return account.is_active and account.is_staff


class RoleFilter(admin.RelatedFieldListFilter):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.title = "roll"


@admin.register(User)
class AccountAdmin(admin.ModelAdmin):
    """Accounts get their permissions from their role. They are closed instead of deleted.

    Superusers are created with `manage.py createsuperuser`.
    """

    form = AccountForm
    actions = ["remove_second_factor"]
    list_display = ["name", "email", "role", "state"]
    list_filter = [("groups", RoleFilter), "is_active"]
    search_fields = ["username", "first_name", "last_name", "email"]
    ordering = ["first_name", "last_name", "username"]
    readonly_fields = ["user_name", "state", "second_factor"]

    # --- Lists and forms ---------------------------------------------------------------------------

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("groups")

    def lookup_allowed(self, lookup, value, request):
        # As in Django's own class: a filter must not reveal a password, letter by letter.
        return not lookup.startswith("password") and super().lookup_allowed(lookup, value, request)

    def get_fieldsets(self, request, obj=None):
        person = (None, {"fields": ["first_name", "last_name", "email"]})
        role = ("Roll", {"fields": ["role"]})
        if obj is None:
            sign_in = [("Inloggning", {"fields": ["sign_in_with"]})] if directory() else []
            return [person, role, *sign_in]
        fields = ["user_name", "state", "second_factor"]
        return [
            person,
            *([] if obj.is_superuser else [role]),
            ("Inloggning", {"fields": fields + (["directory_id"] if directory() else [])}),
        ]

    def get_form(self, request, obj=None, change=False, **kwargs):
        # The fields that the class declares are always there; the others are the model's.
        kwargs["fields"] = AccountForm.Meta.fields
        form_class = super().get_form(request, obj, change=change, **kwargs)
        form_class.manager = request.user
        return form_class

    @admin.display(description="namn", ordering="first_name")
    def name(self, account):
        return name_of(account)

    @admin.display(description="användarnamn")
    def user_name(self, account):
        return (
            account.get_username()
        )  # without the help text of the field, which cannot be changed here

    @admin.display(description="roll")
    def role(self, account):
        if account.is_superuser:
            return "Superanvändare"
        return ", ".join(sorted(group.name for group in account.groups.all()))

    @admin.display(description="läge")
    def state(self, account):
        if not is_open(account):
            return "Avstängt"
        return "Inbjuden, har inte loggat in än" if account.last_login is None else "Öppet"

    @admin.display(description="andra faktor", boolean=True)
    def second_factor(self, account):
        return account.authenticator_set.exists()

    @admin.display(description="Identifierare i regionens katalog")
    def directory_id(self, account):
        return identifier_of(account)  # shown to staff who may only view the account

    # --- Permissions -------------------------------------------------------------------------------

    def has_change_permission(self, request, obj=None):
        return may_manage(request.user, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return False  # the log and the history show who did what

    def has_task_permission(self, request, account):
        """Return whether the user may close `account`, or remove what its owner signs in with."""
        return account != request.user and self.has_change_permission(request, account)

    # --- Saving ------------------------------------------------------------------------------------

    def save_model(self, request, obj, form, change):
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if "role" in form.changed_data:
            obj.groups.set([form.cleaned_data["role"]])
        if "directory_id" in form.changed_data:
            SocialAccount.objects.filter(user=obj, provider=directory()).delete()
            if identifier := form.cleaned_data["directory_id"]:
                SocialAccount.objects.create(user=obj, provider=directory(), uid=identifier)
        if not change:
            request.invited = obj, form.cleaned_data.get("sign_in_with") == DIRECTORY

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        context |= {
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
            "mail_is_set_up": links.mail_is_set_up(),
        }
        if obj is not None:
            context |= {
                "has_task_permission": self.has_task_permission(request, obj),
                "is_open": is_open(obj),
                "has_second_factor": obj.authenticator_set.exists(),
            }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def add_view(self, request, form_url="", extra_context=None):
        """Create an account and invite its owner, once the account is in the database."""
        extra_context = {"title": "Ny kollega"} | (extra_context or {})
        response = super().add_view(request, form_url, extra_context)
        if not hasattr(request, "invited"):
            return response
        account, uses_directory = request.invited
        return self.invite(request, account, uses_directory=uses_directory)

    # --- Invitations and links ---------------------------------------------------------------------

    def invite(self, request, account, *, uses_directory=False, by_mail=True):
        """Send an invitation, or show the link to the manager; return a redirect."""
        link = None
        if not uses_directory:
            with transaction.atomic():
                links.replace_password(account)
                log_sign_in_event(
                    account, "Fick en länk för att välja lösenord.", actor=request.user
                )
            link = links.make_link(request, account)
        if by_mail and links.mail_is_set_up() and account.email:
            if links.send_invitation(request, account, link, needs_second_factor(account)):
                messages.success(request, f"Ett mejl är skickat till {account.email}.")
                return redirect(change_address(account))
            messages.error(request, f"Mejlet till {account.email} gick inte att skicka.")
        if uses_directory:
            messages.info(
                request,
                f"Kontot finns. Säg till {name_of(account)} att logga in med regionens konto.",
            )
            return redirect(change_address(account))
        request.session[LINK_KEY] = {"account": account.pk, "link": link}
        return redirect(admin_address(account, "link", account.pk))

    def link_view(self, request, pk):
        """Make a new link with which a person chooses a password, and show it once."""
        account = self.account_for_task(request, pk)
        if not is_open(account):
            raise PermissionDenied
        if request.method == "POST":
            return self.invite(request, account, by_mail="_show" not in request.POST)
        kept = request.session.get(LINK_KEY, {})
        link = request.session.pop(LINK_KEY)["link"] if kept.get("account") == account.pk else None
        return self.task_page(
            request,
            "link",
            account,
            "Länk att lämna över" if link else "Ny länk",
            link=link,
            valid_until=links.valid_until(),
            by_mail=links.mail_is_set_up() and account.email,
            uses_directory=directory() and not account.has_usable_password(),
        )

    # --- Other tasks -------------------------------------------------------------------------------

    def get_urls(self):
        views = {
            "link": ("<int:pk>/lank/", self.link_view),
            "closing": ("<int:pk>/avstangning/", self.closing_view),
            "second_factor": ("<int:pk>/andra-faktorn/", self.second_factor_view),
        }
        patterns = [
            path(route, self.admin_site.admin_view(view), name=f"auth_user_{name}")
            for name, (route, view) in views.items()
        ]
        return [*patterns, *super().get_urls()]

    def account_for_task(self, request, pk):
        """Return the account `pk`. Raises Http404, or PermissionDenied if the user may not manage it."""
        account = get_object_or_404(User, pk=pk)
        if not self.has_task_permission(request, account):
            raise PermissionDenied
        return account

    def task_page(self, request, template, account, title, **context):
        context |= self.admin_site.each_context(request) | {
            "title": title,
            "opts": self.opts,
            "original": account,
            "name": name_of(account),
            "address": change_address(account),
        }
        return TemplateResponse(request, f"admin/auth/user/{template}.html", context)

    def closing_view(self, request, pk):
        """Close the account or open it again, after confirmation."""
        account = self.account_for_task(request, pk)
        closes = is_open(account)
        if request.method == "POST":
            account.is_active = not closes
            account.is_staff = True
            account.save(update_fields=["is_active", "is_staff"])
            self.log_change(request, account, f"{'Stängde av' if closes else 'Öppnade'} kontot.")
            state = "avstängt" if closes else "öppet igen"
            messages.success(request, f"Kontot för {name_of(account)} är {state}.")
            return redirect(change_address(account))
        title = "Stäng av kontot" if closes else "Öppna kontot igen"
        return self.task_page(request, "closing", account, title, closes=closes)

    def second_factor_view(self, request, pk):
        """Remove the second factor of a person who has lost it, after confirmation."""
        account = self.account_for_task(request, pk)
        if request.method == "POST":
            self.remove_second_factor(request, User.objects.filter(pk=account.pk))
            return redirect(change_address(account))
        return self.task_page(request, "second_factor", account, "Ta bort andra faktorn")

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
