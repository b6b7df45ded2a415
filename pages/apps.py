from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PagesConfig(AppConfig):
    name = "pages"
    verbose_name = "Om regionen"

    def ready(self):
        from pages.content_version import count_changes  # models are ready only now

        post_migrate.connect(count_changes, sender=self)
