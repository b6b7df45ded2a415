"""The rules for signing in: which accounts may, and which of them need a second factor."""

from ipaddress import ip_address

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.shortcuts import render
from django.urls import reverse

# The groups that publish content or manage accounts.
SECOND_FACTOR_GROUPS = ["Publicist", "Ansvarig"]

# The session key for whether the directory has checked a second factor at this sign-in.
SECOND_FACTOR_CHECKED_KEY = "directory_asked_for_second_factor"


def directory():
    """Return allauth's provider ID of the region's directory, or None if the site doesn't use one."""
    apps = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    return apps[0]["provider_id"] if apps else None


def claims_second_factor(sociallogin):
    """Return whether the directory's ID token claims that it has checked a second factor."""
    claims = sociallogin.account.extra_data.get("id_token", {})
    methods = claims.get("amr")  # RFC 8176
    return isinstance(methods, list) and "mfa" in methods or claims.get("acr") in settings.OIDC_ACR


def needs_second_factor(user):
    """Return whether the role of `user` requires a second factor."""
    if not settings.SECOND_FACTOR:
        return False
    return user.is_superuser or user.groups.filter(name__in=SECOND_FACTOR_GROUPS).exists()


def lacks_second_factor(request):
    """Return whether the user must add a second factor before they may use the admin."""
    user = request.user
    if request.session.get(SECOND_FACTOR_CHECKED_KEY) or not needs_second_factor(user):
        return False
    return not user.authenticator_set.exclude(type=Authenticator.Type.RECOVERY_CODES).exists()


class AccountAdapter(DefaultAccountAdapter):
    """Only staff have accounts, and only staff create them."""

    def get_client_ip(self, request):
        """Return the visitor's IP address. An IPv4 address that is mapped to IPv6 becomes IPv4 again.

        Rate limits count an IPv6 network as one visitor. All mapped addresses are in one network.
        """
        address = ip_address(super().get_client_ip(request))
        return str(getattr(address, "ipv4_mapped", None) or address)

    def is_open_for_signup(self, request):
        return False

    def pre_login(self, request, user, **kwargs):
        if not user.is_staff:
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)

    def post_login(self, request, user, *, signal_kwargs, **kwargs):
        sociallogin = (signal_kwargs or {}).get("sociallogin")
        is_checked = bool(sociallogin) and claims_second_factor(sociallogin)
        request.session[SECOND_FACTOR_CHECKED_KEY] = is_checked
        return super().post_login(request, user, signal_kwargs=signal_kwargs, **kwargs)

    def send_password_reset_mail(self, user, email, context):
        # Users without a password sign in with the directory. A password would bypass it.
        if user.has_usable_password():
            super().send_password_reset_mail(user, email, context)

    def get_password_change_redirect_url(self, request):
        return reverse("admin:index")


class DirectoryAdapter(DefaultSocialAccountAdapter):
    """People in the region's directory sign in to accounts that staff have created for them.

    An account matches if a manager has entered the person's identifier (`sub`) in it. It also matches if it
    has an e-mail address that the directory has verified, unless the account is a superuser's. Names are not
    compared, since people may choose theirs. The first sign-in links the account to the person, and the link
    remains even if the person's name or the user name changes.
    """

    def pre_social_login(self, request, sociallogin):
        if sociallogin.state.get("process") == AuthProcess.LOGIN:
            if sociallogin.is_existing:
                return
            if user := self.account_for(sociallogin):
                sociallogin.connect(request, user)
                return
        context = {"directory_id": sociallogin.account.uid}
        raise ImmediateHttpResponse(
            render(request, "account/signup_closed.html", context, status=403)
        )

    def account_for(self, sociallogin):
        """Return the account whose e-mail address the directory has verified as the person's.

        None if there is none, or more than one. Superusers' and linked accounts don't count.
        """
        has_verified_address = Q(pk=None)  # no account
        for address in sociallogin.email_addresses:
            if address.verified is True:  # some directories send the text "false"
                has_verified_address |= Q(email__iexact=address.email)
        matches = User.objects.filter(
            has_verified_address,
            is_active=True,
            is_staff=True,
            is_superuser=False,
            socialaccount=None,
        )
        return matches[0] if len(matches) == 1 else None


class SignInForm(LoginForm):
    """allauth's form, with the focus on the user name."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autofocus"] = True
        self.fields["login"].help_text = "Blev du inbjuden är det din e-postadress."
