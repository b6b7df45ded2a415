"""Who may sign in, and for whom a password is not enough."""

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

# The roles that decide what visitors see, and who else may.
GUARDED_ROLES = ["Publicist", "Ansvarig"]


# In the session: whether the directory has said that it asked for a second factor at this sign-in.
VOUCHED = "directory_asked_for_second_factor"


def directory():
    """Return what allauth calls the region's directory, its provider id, or None where there is none."""
    apps = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    return apps[0]["provider_id"] if apps else None


def says_second_factor(sociallogin):
    """Tell whether the directory says, in its ID token, that it asked for a second factor."""
    claims = sociallogin.account.extra_data.get("id_token", {})
    methods = claims.get("amr")  # by RFC 8176
    return isinstance(methods, list) and "mfa" in methods or claims.get("acr") in settings.OIDC_ACR


def lacks_second_factor(request):
    """Tell whether who is signed in must add a second factor before they may do anything else."""
    user = request.user
    if not settings.SECOND_FACTOR or request.session.get(VOUCHED):
        return False
    if not user.is_superuser and not user.groups.filter(name__in=GUARDED_ROLES).exists():
        return False
    return not user.authenticator_set.exclude(type=Authenticator.Type.RECOVERY_CODES).exists()


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by staff, for staff."""

    def get_client_ip(self, request):
        """Return the visitor's address; an IPv4 one by its own name, whatever kind of socket it came to.

        Limits count by networks of IPv6, of which the one for IPv4 is everybody's.
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
        request.session[VOUCHED] = bool(sociallogin) and says_second_factor(sociallogin)
        return super().post_login(request, user, signal_kwargs=signal_kwargs, **kwargs)

    def send_password_reset_mail(self, user, email, context):
        # Who has no password comes by the directory, and is not to get past it.
        if user.has_usable_password():
            super().send_password_reset_mail(user, email, context)

    def get_password_change_redirect_url(self, request):
        return reverse("admin:index")


class DirectoryAdapter(DefaultSocialAccountAdapter):
    """People in the region's directory get into accounts that staff have made for them, and no others.

    A manager has entered the person's identifier (`sub`) in the account, or the directory vouches for the
    e-mail address of one that no superuser has; names are not compared, since people may choose theirs. From
    then on the two belong together, whatever either is renamed to.
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
        """Return the one account that has a verified address of this person's, or None."""
        theirs = Q(pk=None)  # no account
        for address in sociallogin.email_addresses:
            if address.verified is True:  # some directories send the text "false"
                theirs |= Q(email__iexact=address.email)
        matches = User.objects.filter(
            theirs, is_active=True, is_staff=True, is_superuser=False, socialaccount=None
        )
        return matches[0] if len(matches) == 1 else None


class SignInForm(LoginForm):
    """Allauth's, ready to be typed in."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autofocus"] = True
