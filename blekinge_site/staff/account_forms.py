"""The form of an account: name, e-mail address and role, and nothing that only machines need."""

import re

from allauth.socialaccount.models import SocialAccount
from django import forms
from django.contrib.auth.models import Group, User
from django.db.models import Q
from django.utils.html import format_html

from blekinge_site.staff.roles import DESCRIPTIONS, role_of, roles_for
from blekinge_site.staff.signin import directory

DIRECTORY, PASSWORD = "directory", "password"  # how the owner of a new account signs in


def username_for(email):
    """Return the user name of a new account with the address `email`: the address, in lower case."""
    return re.sub(r"[^\w.@+-]", "", email.lower())[: User._meta.get_field("username").max_length]


def identifier_of(account):
    """Return the identifier of `account` in the region's directory, or an empty string."""
    social_account = SocialAccount.objects.filter(user=account, provider=directory()).first()
    return social_account.uid if social_account else ""


class RoleField(forms.ModelChoiceField):
    """A role, with a sentence that says what it may do."""

    widget = forms.RadioSelect

    def __init__(self, **kwargs):
        super().__init__(Group.objects.none(), empty_label=None, **kwargs)

    def label_from_instance(self, role):
        if role.name not in DESCRIPTIONS:
            return role.name
        return format_html("<strong>{}</strong>: {}", role.name, DESCRIPTIONS[role.name])


class AccountForm(forms.ModelForm):
    """An account. `AccountAdmin.get_form` sets `manager`, the user who fills in the form."""

    manager = None

    role = RoleField(label="Roll")
    sign_in_with = forms.ChoiceField(
        label="Loggar in med",
        choices=[(DIRECTORY, "Regionens konto"), (PASSWORD, "Ett eget lösenord")],
        initial=DIRECTORY,
        widget=forms.RadioSelect,
    )
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

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        account, is_new = self.instance, self.instance.pk is None
        for name in self.fields.keys() & {"first_name", "last_name", "email"}:
            self.fields[name].required = is_new or bool(self.initial.get(name))
        if not is_new or directory() is None:
            del self.fields["sign_in_with"]
        if is_new or directory() is None:
            del self.fields["directory_id"]
        else:
            self.initial["directory_id"] = identifier_of(account)
        if account.is_superuser:
            del self.fields["role"]
        else:
            self._offer_roles()

    def _offer_roles(self):
        field, role = self.fields["role"], role_of(self.instance)
        self.initial["role"] = role and role.pk
        field.required = self.instance.pk is None or role is not None
        if self.instance.pk is not None and self.instance == self.manager:
            # Otherwise the last manager could leave the site without one.
            field.disabled, field.required = True, False
            field.help_text = "Din egen roll ändras av en annan ansvarig."
        offered = {role.pk for role in roles_for(self.manager)} if self.manager else set()
        field.queryset = Group.objects.filter(pk__in=offered | {self.initial["role"]} - {None})
        order = {role: position for position, role in enumerate(DESCRIPTIONS)}
        field.choices = sorted(
            field.choices, key=lambda choice: order.get(choice[0].instance.name, len(order))
        )

    def clean_email(self):
        email = self.cleaned_data["email"]
        others = User.objects.exclude(pk=self.instance.pk)
        is_taken = Q(email__iexact=email) | Q(username__iexact=username_for(email))
        if "email" in self.changed_data and email and others.filter(is_taken).exists():
            raise forms.ValidationError(
                "Det finns redan ett konto med den adressen. Är det avstängt kan du öppna det igen."
            )
        return email

    def clean_directory_id(self):
        identifier = self.cleaned_data["directory_id"]
        others = SocialAccount.objects.exclude(user=self.instance)
        if others.filter(provider=directory(), uid=identifier).exists():
            raise forms.ValidationError("Ett annat konto har redan den identifieraren.")
        return identifier

    def save(self, commit=True):
        # The user name of an account that was made here follows its address. Older accounts keep theirs.
        account, earlier = self.instance, self.initial.get("email") or ""
        if account.email and account.username == username_for(earlier):
            account.username = username_for(account.email)
        if account.pk is None:
            account.is_staff = True
        return super().save(commit)
