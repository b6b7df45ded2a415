"""Records sign-in events in the admin's log, beside the edits.

The log is about accounts, so attempts with an unknown user name are left out. So are network addresses and
secrets.
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

SIGN_IN = 4  # an action flag; Django has 1 to 3, for addition, change and deletion

FACTORS = {
    Authenticator.Type.TOTP: "autentiseringsapp",
    Authenticator.Type.WEBAUTHN: "säkerhetsnyckel",
    Authenticator.Type.RECOVERY_CODES: "återställningskoder",
}


def log_sign_in_event(user, message, actor=None):
    """Add `message`, about the sign-in of `user`, to the log as an act of `actor`, by default `user`."""
    LogEntry.objects.log_actions((actor or user).pk, [user], SIGN_IN, message)


@receiver(user_logged_in)
def signed_in(user, sociallogin=None, **kwargs):
    log_sign_in_event(user, "Loggade in med regionens konto." if sociallogin else "Loggade in.")


@receiver(user_logged_out)
def signed_out(user, **kwargs):
    if user is not None:
        log_sign_in_event(user, "Loggade ut.")


@receiver(user_login_failed)
def password_refused(credentials, **kwargs):
    for user in User.objects.filter(username=credentials["username"]):
        log_sign_in_event(user, "Misslyckad inloggning med lösenord.")


@receiver(authentication_failed)
def factor_refused(user, authenticator, **kwargs):
    log_sign_in_event(user, "Misslyckad inloggning med kod.")


@receiver(authenticator_added)
def factor_added(user, authenticator, **kwargs):
    log_sign_in_event(user, f"Lade till {FACTORS[authenticator.type]}.")


@receiver(authenticator_removed)
def factor_removed(user, authenticator, **kwargs):
    log_sign_in_event(user, f"Tog bort {FACTORS[authenticator.type]}.")


@receiver(authenticator_reset)
def recovery_codes_created(user, **kwargs):
    log_sign_in_event(user, "Gjorde nya återställningskoder.")


@receiver(authenticator_used)
def recovery_code_used(user, authenticator, **kwargs):
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        log_sign_in_event(user, "Använde en återställningskod.")


@receiver(password_changed)
def log_password_change(user, **kwargs):
    log_sign_in_event(user, "Bytte lösenord.")


@receiver(password_reset)
def log_password_reset(user, **kwargs):
    log_sign_in_event(user, "Valde lösenord med en länk.")
