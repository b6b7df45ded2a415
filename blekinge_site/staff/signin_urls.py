"""The addresses of the sign-in pages: the pages of allauth that the site offers."""

from importlib import import_module

from django.urls import path, re_path
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView

from blekinge_site.staff.links import mail_is_set_up
from blekinge_site.staff.site import staff_page

# Names of modules, since the views for keys, codes and the directory take long to import.
account = "allauth.account.views"
mfa = "allauth.mfa.base.views"
recovery_codes = "allauth.mfa.recovery_codes.views"
totp = "allauth.mfa.totp.views"
webauthn = "allauth.mfa.webauthn.views"
directory = "allauth.socialaccount.views"
openid_connect = "allauth.socialaccount.providers.openid_connect.views"


def lazy_view(module, name):
    """Return the view called `name` in `module`, which is imported at the first request."""

    def view(request, **kwargs):
        return getattr(import_module(module), name)(request, **kwargs)

    return never_cache(staff_page(view))


def page(route, module, view_name, name):
    return path(route, lazy_view(module, view_name), name=name)


urlpatterns = [
    page("logga-in/", account, "login", "account_login"),
    page("logga-ut/", account, "logout", "account_logout"),
    page("stangt/", account, "account_inactive", "account_inactive"),
    page("nytt/", account, "signup", "account_signup"),  # a page that says that sign-up is closed
    page("bekrafta/", account, "reauthenticate", "account_reauthenticate"),
    page("losenord/", account, "password_change", "account_change_password"),
    # Users of the directory have no password. A password would bypass the directory.
    path(
        "inget-losenord/",
        never_cache(staff_page(RedirectView.as_view(pattern_name="mfa_index"))),
        name="account_set_password",
    ),
    page("tva-faktorer/", mfa, "index", "mfa_index"),
    page("tva-faktorer/kod/", mfa, "authenticate", "mfa_authenticate"),
    page("tva-faktorer/bekrafta/", mfa, "reauthenticate", "mfa_reauthenticate"),
    page("app/", totp, "activate_totp", "mfa_activate_totp"),
    page("app/ta-bort/", totp, "deactivate_totp", "mfa_deactivate_totp"),
    page("koder/", recovery_codes, "view_recovery_codes", "mfa_view_recovery_codes"),
    page("koder/nya/", recovery_codes, "generate_recovery_codes", "mfa_generate_recovery_codes"),
    page("koder/hamta/", recovery_codes, "download_recovery_codes", "mfa_download_recovery_codes"),
    page("nycklar/", webauthn, "list_webauthn", "mfa_list_webauthn"),
    page("nycklar/ny/", webauthn, "add_webauthn", "mfa_add_webauthn"),
    page("nycklar/logga-in/", webauthn, "login_webauthn", "mfa_login_webauthn"),
    page("nycklar/bekrafta/", webauthn, "reauthenticate_webauthn", "mfa_reauthenticate_webauthn"),
    page("nycklar/<int:pk>/", webauthn, "edit_webauthn", "mfa_edit_webauthn"),
    page("nycklar/<int:pk>/ta-bort/", webauthn, "remove_webauthn", "mfa_remove_webauthn"),
    re_path(  # allauth puts a hyphen here, and the key may contain hyphens too
        r"^glomt/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        lazy_view(account, "password_reset_from_key"),
        name="account_reset_password_from_key",
    ),
    page("katalog/avbrutet/", directory, "login_cancelled", "socialaccount_login_cancelled"),
    page("katalog/<provider_id>/", openid_connect, "login", "openid_connect_login"),
    page("katalog/<provider_id>/svar/", openid_connect, "callback", "openid_connect_callback"),
]

if mail_is_set_up():
    urlpatterns += [
        page("glomt/", account, "password_reset", "account_reset_password"),
        page("glomt/skickat/", account, "password_reset_done", "account_reset_password_done"),
    ]
