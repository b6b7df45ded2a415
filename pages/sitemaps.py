"""Sitemap entries of this app. The page cache also warms up from them."""

from django.contrib.sitemaps import Sitemap

from pages.models import Page, RegionProfile


class PublishedSitemap(Sitemap):
    """Published pages in both languages, with the time of their last change."""

    i18n = True
    alternates = True

    def lastmod(self, item):
        return item.publishable().changed_at


class PagesSitemap(PublishedSitemap):
    def items(self):
        return [*RegionProfile.objects.published(), *Page.objects.published()]
