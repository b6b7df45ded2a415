import datetime as dt

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.utils import timezone

from pages.editing.conflicts import MINUTES_OPEN
from pages.editing.form_drafts import DRAFT_DAYS
from pages.models import Feedback, FormDraft, OpenForm, SendCount


def old_feedback(now):
    kept_since = now - dt.timedelta(days=settings.FEEDBACK_DAYS)
    return Feedback.objects.filter(created_at__lt=kept_since).delete()[0]


def ended_sessions(now):
    return Session.objects.filter(expire_date__lt=now).delete()[0]


def forms_no_longer_open(now):
    opened_since = now - dt.timedelta(minutes=MINUTES_OPEN)
    return OpenForm.objects.filter(opened_at__lt=opened_since).delete()[0]


def old_drafts(now):
    kept_since = now - dt.timedelta(days=DRAFT_DAYS)
    return FormDraft.objects.filter(saved_at__lt=kept_since).delete()[0]


def counts_whose_period_has_ended(now):
    return SendCount.objects.filter(ends_at__lt=now).delete()[0]


def expired_cache_entries(now):
    """Delete expired entries from the cache if it is a database table. Other caches delete their own."""
    if not isinstance(caches["default"], DatabaseCache):
        return 0
    table = connection.ops.quote_name(settings.CACHES["default"]["LOCATION"])
    with connection.cursor() as cursor:
        expired = connection.ops.adapt_datetimefield_value(now)
        cursor.execute(f"DELETE FROM {table} WHERE expires < %s", [expired])
        return cursor.rowcount


class Command(BaseCommand):
    help = "Delete expired data: visitors' feedback, sessions, open forms, unsaved texts, counts, cache."

    def add_arguments(self, parser):
        parser.add_argument(
            "--dry-run", action="store_true", help="only report what would be deleted"
        )

    @transaction.atomic
    def handle(self, *, dry_run, **options):
        now, verb = timezone.now(), "would be deleted" if dry_run else "deleted"
        kinds = {
            f"Feedback older than {settings.FEEDBACK_DAYS} days": old_feedback,
            "Sessions that have ended": ended_sessions,
            "Notes of forms that were open": forms_no_longer_open,
            f"Unsaved texts of forms older than {DRAFT_DAYS} days": old_drafts,
            "Counts of limits whose period has ended": counts_whose_period_has_ended,
            "Cache entries that have expired": expired_cache_entries,
        }
        for kind, delete in kinds.items():
            self.stdout.write(f"{kind}: {delete(now)} {verb}")
        transaction.set_rollback(dry_run)
