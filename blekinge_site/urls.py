from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path

from blekinge_site import well_known
from blekinge_site.reserved import check_admin_path
from pages.editing import form_draft_views
from pages.publishing import preview
from pages.sitemaps import PagesSitemap
from planning.sitemaps import PlansSitemap, StartSitemap

SITEMAPS = {"start": StartSitemap, "plans": PlansSitemap, "pages": PagesSitemap}

ADMIN_ROUTE = settings.ADMIN_PATH.removeprefix("/")

translated_patterns = [path("", include("planning.urls")), path("", include("pages.urls"))]
public_patterns = [
    path(".well-known/security.txt", well_known.security_txt, name="security_txt"),
    path("robots.txt", well_known.robots_txt, name="robots_txt"),
    path("forhandsgranska/<str:token>/<path:path>", preview.shared, name="preview"),
    path("forhandsgranska/<str:token>/", preview.shared, {"path": ""}),
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    *i18n_patterns(*translated_patterns, prefix_default_language=False),
]
urlpatterns = [
    path(f"{ADMIN_ROUTE}konto/", include("blekinge_site.staff.signin_urls")),
    path(f"{ADMIN_ROUTE}utkast/", form_draft_views.keep, name="keep_draft"),
    path(f"{ADMIN_ROUTE}utkast/kasta/", form_draft_views.discard, name="discard_draft"),
    path(ADMIN_ROUTE, admin.site.urls),
    *public_patterns,
]
check_admin_path(ADMIN_ROUTE, [*public_patterns, *translated_patterns])

handler400 = "pages.views.bad_request"
handler404 = "pages.views.page_not_found"
handler500 = "pages.views.server_error"
