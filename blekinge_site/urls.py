from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path

from pages import preview
from pages.sitemaps import PagesSitemap
from planning.sitemaps import PlansSitemap, StartSitemap

SITEMAPS = {"start": StartSitemap, "plans": PlansSitemap, "pages": PagesSitemap}

urlpatterns = [
    path("admin/konto/", include("blekinge_site.signin_urls")),
    path("admin/", admin.site.urls),
    path("forhandsgranska/<str:token>/<path:path>", preview.shared, name="preview"),
    path("forhandsgranska/<str:token>/", preview.shared, {"path": ""}),
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    *i18n_patterns(
        path("", include("planning.urls")),
        path("", include("pages.urls")),
        prefix_default_language=False,
    ),
]

handler400 = "pages.views.bad_request"
handler404 = "pages.views.page_not_found"
handler500 = "pages.views.server_error"
