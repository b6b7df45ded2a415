"""The forms for security keys: a module of their own, as what they build on takes long to load."""

from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms


class AddKeyForm(AddWebAuthnForm):
    """A new key, in words that say what it will do."""

    name = forms.CharField(label="Namn", required=False)
    passwordless = forms.BooleanField(
        label="Logga in utan lösenord",
        required=False,
        help_text="Nyckeln räcker då för att logga in. Den ska fråga efter pinkod, finger eller ansikte.",
    )


class RenameKeyForm(EditWebAuthnForm):
    name = forms.CharField(label="Namn")
