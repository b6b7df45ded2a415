"""One-time links with which a person chooses a password: for a new account, or when it is forgotten.

The links are those of allauth, which Django's tokens protect. A link is valid until the account has a new
password or signs in, for at most PASSWORD_RESET_TIMEOUT seconds.
"""

import datetime as dt
import logging
from smtplib import SMTPException

from allauth.account.adapter import get_adapter
from allauth.account.forms import UserTokenForm, default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import get_random_string

logger = logging.getLogger("django.mail")


def mail_is_set_up():
    return hasattr(settings, "MAILERS")


def replace_password(account):
    """Give `account` a password that nobody knows. Earlier links and the earlier password stop working."""
    account.set_password(get_random_string(64))
    account.save(update_fields=["password"])


def make_link(request, account):
    """Return a link with which its recipient chooses the password of `account`."""
    key = f"{user_pk_to_url_str(account)}-{default_token_generator.make_token(account)}"
    return get_adapter(request).get_reset_password_from_key_url(key)


def valid_until():
    """Return the time when a link that is made now stops working."""
    return timezone.now() + dt.timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)


def send_invitation(request, account, link, needs_second_factor):
    """Send `link` to the owner of `account`, and return whether the mail server accepted it.

    Without a link, the owner is invited to sign in with the region's directory.
    """
    context = {
        "account": account,
        "is_new": account.last_login is None,
        "link": link,
        "valid_until": valid_until(),
        "needs_second_factor": needs_second_factor,
        "site_name": settings.SITE_NAME,
        "directory_name": settings.OIDC_NAME,
        "manager": request.user.get_full_name() or request.user.get_username(),
    }
    try:
        get_adapter(request).send_mail("account/email/invitation", account.email, context)
    except (OSError, SMTPException):
        logger.exception("an invitation could not be sent")
        return False
    return True


class LinkForm(UserTokenForm):
    """Checks a link. Those of closed accounts are refused."""

    def clean(self):
        cleaned_data = super().clean()
        if not (self.reset_user.is_active and self.reset_user.is_staff):
            raise get_adapter().validation_error("invalid_password_reset")
        return cleaned_data
