from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Tags, register
from django.db import DatabaseError
from django.db.models.signals import post_migrate

from blekinge_site.reserved import refuse_admin_path


class PagesConfig(AppConfig):
    name = "pages"
    verbose_name = "Om regionen"

    def ready(self):
        from pages.publishing.content_version import count_changes  # models are ready only now

        post_migrate.connect(count_changes, sender=self)
        register(no_page_is_where_the_staff_is, Tags.database)


def no_page_is_where_the_staff_is(databases, **kwargs):
    """Raise BadSettingError where a page has ADMIN_PATH as its address; `migrate` looks before each release.

    A page that is made later cannot have it.
    """
    from pages.models import Page  # models are ready only now

    word = settings.ADMIN_PATH.strip("/")
    try:
        is_taken = bool(databases) and Page.objects.at(word).exists()
    except DatabaseError:
        return []  # there are no tables yet, or no database, which whoever needs it says
    if is_taken:
        refuse_admin_path(word)
    return []
