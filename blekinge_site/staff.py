"""The staff's side of the site: the Django admin, in Swedish, under its own content security policy."""

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from django.views.i18n import JavaScriptCatalog

# The editor's import map is the one inline script; it carries the nonce. Its toolbar sets styles.
STAFF_CSP = settings.SECURE_CSP | {
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
    "img-src": [CSP.SELF, "data:"],
    "connect-src": [CSP.SELF],
}


class StaffSite(AdminSite):
    site_title = "Redaktionen"
    site_header = f"{settings.SITE_NAME}: Redaktionen"
    index_title = "Innehåll"
    site_url = "/"
    enable_nav_sidebar = False  # the breadcrumbs and each plan's outline lead everywhere

    def admin_view(self, view, cacheable=False):
        return csp_override(STAFF_CSP)(super().admin_view(view, cacheable))

    def get_app_list(self, request, app_label=None):
        """Return the apps with the most used first, and their models in the order of admin.py."""
        apps = super().get_app_list(request, app_label)
        order = list(self._registry)
        for app in apps:
            app["models"].sort(key=lambda entry: order.index(entry["model"]))
        return sorted(apps, key=lambda app: ["planning", "pages", "auth"].index(app["app_label"]))

    def i18n_javascript(self, request, extra_context=None):
        # Django gives its own words only; the text editor has some too.
        return JavaScriptCatalog.as_view()(request)

    def login(self, request, extra_context=None):
        return csp_override(STAFF_CSP)(super().login)(request, extra_context)


class StaffConfig(AdminConfig):
    default_site = "blekinge_site.staff.StaffSite"
