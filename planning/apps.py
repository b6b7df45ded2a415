from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PlanningConfig(AppConfig):
    name = "planning"
    verbose_name = "Regionplan och budget"

    def ready(self):
        from pages.publishing.content_version import count_changes  # needs the models

        # These register functions with pages.publishing.findings and pages.publishing.dead_links.
        import_module("planning.checks")
        import_module("planning.dead_links")
        post_migrate.connect(count_changes, sender=self)
