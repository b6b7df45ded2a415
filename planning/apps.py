from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PlanningConfig(AppConfig):
    name = "planning"
    verbose_name = "Regionplan och budget"

    def ready(self):
        """Register checks, link lookups and previews with `pages`, which never imports this app."""
        # Models can be imported only now.
        from pages.publishing.content_version import create_triggers
        from pages.publishing.preview import previewable

        import_module("planning.checks")
        import_module("planning.dead_links")
        previewable(
            "planning:budget",
            "planning:budget_column",
            "planning:current_plan",
            "planning:document",
            "planning:perspective",
            "planning:plan",
            "planning:plan_pdf",
            "planning:start",
        )
        post_migrate.connect(create_triggers, sender=self)
