"""The changes that are planned on the desk: what is published, replaced or unpublished by itself."""

from babel.dates import format_date
from django.utils import timezone

from blekinge_site.formats import LOCALES, clock_time, when
from blekinge_site.staff.addresses import change_address
from pages.desk.activity import last_revisions
from pages.desk.tasks import PLANNED, Task, models_for, you_or_name
from pages.publishing.owners import scheduled, without_texts
from pages.publishing.publishable import now


def time_in_words(moment):
    """Return a time to come as måndag 15 mars kl. 08.00 or i morgon kl. 08.00."""
    date = timezone.localdate(moment)
    words = when(date)
    if not words.startswith("i "):
        words = f"{format_date(date, 'EEEE', locale=LOCALES['sv'])} {words}"
    return f"{words} kl. {clock_time(moment)}"


def planned_tasks(user):
    """Return a Task for each planned change, the soonest first."""
    versions = [
        version for model in models_for(user) for version in without_texts(scheduled(model))
    ]
    revisions = last_revisions(versions)
    tasks = []
    for version in versions:
        is_published = version.publish_at is None or version.publish_at <= now()
        moment = version.unpublish_at if is_published else version.publish_at
        verb = (
            "avpubliceras" if is_published else "byts ut" if version.version > 1 else "publiceras"
        )
        revision = revisions.get(version)
        by = revision and revision.made_by and you_or_name(revision.made_by, user)
        task = Task(
            kind="planned",
            severity=PLANNED,
            icon="clock",
            count=1,
            text=f"{version} {verb} {time_in_words(moment)}",
            detail=f"Planerat av {by}. Inget mer behöver göras."
            if by
            else "Inget mer behöver göras.",
            action="Visa",
            address=change_address(version),
            since=moment,
        )
        tasks.append(task)
    return sorted(tasks, key=lambda task: task.since)
