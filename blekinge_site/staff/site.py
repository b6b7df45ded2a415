"""The staff's site: the Django admin, with its own content security policy."""

from functools import wraps

from allauth.account.views import logout
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.csp import CSP
from django.utils.module_loading import import_string
from django.views.decorators.csp import csp_override
from django.views.i18n import JavaScriptCatalog

from blekinge_site.security import STAFF_FEATURES
from blekinge_site.staff.signin import lacks_second_factor

# The text editor has one inline script, its import map, which has the nonce, and one inline style sheet. If a
# new version of the editor changes the style sheet, the browser tests fail, and the hash has to be updated.
EDITOR_STYLE = "'sha256-PlumsSlvJ7vvWzjqibGAYKq92O3y/4JTxWWsWJvyUYA='"
STAFF_CSP = settings.SECURE_CSP | {
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, EDITOR_STYLE],
    # Text pasted from Word has style attributes until the editor cleans it.
    "style-src-attr": [CSP.UNSAFE_INLINE],
    "img-src": [CSP.SELF, "data:"],
    "connect-src": [CSP.SELF],
}


def staff_page(view):
    """Decorate a view with the staff's headers. A request for it extends the session."""

    @csp_override(STAFF_CSP)
    @wraps(view)
    def wrapper(request, *args, **kwargs):
        request.session.modified = True  # so that it is saved with a new expiry time
        response = view(request, *args, **kwargs)
        response["Permissions-Policy"] = STAFF_FEATURES
        return response

    return wrapper


class StaffSite(AdminSite):
    site_title = "Redaktionen"
    site_header = f"{settings.SITE_NAME}: Redaktionen"
    index_title = "Skrivbordet"
    site_url = "/"
    enable_nav_sidebar = False  # breadcrumbs and the outlines of plans are enough

    def admin_view(self, view, cacheable=False):
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def keeping(request, *args, **kwargs):
            # The user may have been signed out since the form was opened.
            if request.method == "POST" and not self.has_permission(request):
                import_string(settings.STAFF_DRAFTS)(request)
            return inner(request, *args, **kwargs)

        return staff_page(keeping)

    def has_permission(self, request):
        return super().has_permission(request) and not lacks_second_factor(request)

    def get_app_list(self, request, app_label=None):
        """Return the apps with the most used first, and their models in the order of registration."""
        apps = super().get_app_list(request, app_label)
        order = list(self._registry)
        for app in apps:
            app["models"].sort(key=lambda entry: order.index(entry["model"]))
        return sorted(
            apps, key=lambda app: ["planning", "pages", "auth", "admin"].index(app["app_label"])
        )

    def index(self, request, extra_context=None):
        desk = import_string(settings.STAFF_DESK)
        return super().index(request, {"desk": desk(request)} | (extra_context or {}))

    def i18n_javascript(self, request, extra_context=None):
        # Django's own method has the admin's translations only. The text editor has some too.
        return JavaScriptCatalog.as_view()(request)

    def login(self, request, extra_context=None):
        """Redirect users to the sign-in page, or to the page where they add a second factor."""
        if self.has_permission(request):
            return redirect("admin:index")
        if super().has_permission(request):
            messages.warning(
                request,
                "Din roll kräver tvåfaktorsinloggning. Lägg till en autentiseringsapp eller en "
                "säkerhetsnyckel, så öppnas redaktionen.",
            )
            return redirect("mfa_index")
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next", reverse("admin:index")), "account_login")

    def logout(self, request, extra_context=None):
        return logout(request)

    def password_change(self, request, extra_context=None):
        return redirect("account_change_password")
