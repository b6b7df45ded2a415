"""What happens when people sign in, in the same log as what they do then.

An attempt with a name that no account has is not kept: the log is about accounts. Nor are network
addresses and secrets.
"""

from allauth.account.signals import password_changed, password_reset, user_logged_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
    authenticator_used,
)
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.dispatch import receiver

SIGN_IN = 4  # a kind of entry beside Django's own: added 1, changed 2, deleted 3

FACTORS = {
    Authenticator.Type.TOTP: "autentiseringsapp",
    Authenticator.Type.WEBAUTHN: "säkerhetsnyckel",
    Authenticator.Type.RECOVERY_CODES: "återställningskoder",
}


def record(user, message, by=None):
    """Write `message`, about the sign-in of `user`, in the log; `by` is who did it, if somebody else."""
    LogEntry.objects.log_actions((by or user).pk, [user], SIGN_IN, message)


@receiver(user_logged_in)
def signed_in(user, sociallogin=None, **kwargs):
    record(user, "Loggade in med regionens konto." if sociallogin else "Loggade in.")


@receiver(user_logged_out)
def signed_out(user, **kwargs):
    if user is not None:
        record(user, "Loggade ut.")


@receiver(user_login_failed)
def password_refused(credentials, **kwargs):
    for user in User.objects.filter(username=credentials["username"]):
        record(user, "Misslyckad inloggning med lösenord.")


@receiver(authentication_failed)
def factor_refused(user, authenticator, **kwargs):
    record(user, "Misslyckad inloggning med kod.")


@receiver(authenticator_added)
def factor_added(user, authenticator, **kwargs):
    record(user, f"Lade till {FACTORS[authenticator.type]}.")


@receiver(authenticator_removed)
def factor_removed(user, authenticator, **kwargs):
    record(user, f"Tog bort {FACTORS[authenticator.type]}.")


@receiver(authenticator_reset)
def recovery_codes_made(user, **kwargs):
    record(user, "Gjorde nya återställningskoder.")


@receiver(authenticator_used)
def recovery_code_used(user, authenticator, **kwargs):
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        record(user, "Använde en återställningskod.")


@receiver(password_changed)
def password_was_changed(user, **kwargs):
    record(user, "Bytte lösenord.")


@receiver(password_reset)
def password_was_reset(user, **kwargs):
    record(user, "Bytte lösenord med en länk i e-post.")
