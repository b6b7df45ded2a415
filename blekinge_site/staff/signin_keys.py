"""The forms for security keys, in a separate module because allauth's forms for them take long to import."""

from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms


class AddKeyForm(AddWebAuthnForm):
    """Adds a key, with our own labels."""

    name = forms.CharField(label="Namn", required=False)
    passwordless = forms.BooleanField(
        label="Logga in utan lösenord",
        required=False,
        help_text="Nyckeln räcker då för att logga in. Den ska fråga efter pinkod, finger eller ansikte.",
    )


class RenameKeyForm(EditWebAuthnForm):
    name = forms.CharField(label="Namn")
