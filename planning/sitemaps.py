"""Sitemap entries of this app. The page cache also warms up from them."""

from django.contrib.sitemaps import Sitemap
from django.urls import reverse

from pages.sitemaps import PublishedSitemap
from planning.models import RegionalPlan


class StartSitemap(Sitemap):
    i18n = True
    alternates = True

    def items(self):
        return ["planning:start"]

    def location(self, item):
        return reverse(item)


class PlansSitemap(PublishedSitemap):
    """The published plans, each followed by its perspectives and budgets."""

    def items(self):
        plans = RegionalPlan.objects.published().prefetch_related("perspectives", "budgets")
        return [
            part for plan in plans for part in (plan, *plan.perspectives.all(), *plan.budgets.all())
        ]
