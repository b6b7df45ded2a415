"""What of this app search engines, and the page cache at its start, are told of."""

from django.contrib.sitemaps import Sitemap

from pages.models import Page, RegionProfile


class PublishedSitemap(Sitemap):
    """Addresses in both languages, and when what is published there was last changed."""

    i18n = True
    alternates = True

    def lastmod(self, item):
        return item.publishable().changed_at


class PagesSitemap(PublishedSitemap):
    def items(self):
        return [*RegionProfile.objects.published(), *Page.objects.published()]
