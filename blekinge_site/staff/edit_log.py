"""Writes a line to the site's log for each entry in the admin's log.

A line has the IDs of the user and the object, but no names.
"""

import functools
import logging

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntryManager
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from blekinge_site.staff.signin_log import SIGN_IN

logger = logging.getLogger("edits")

ACTIONS = {ADDITION: "add", CHANGE: "change", DELETION: "delete", SIGN_IN: "sign-in"}


def write_lines(entries):
    for entry in entries:
        model = ContentType.objects.get_for_id(entry.content_type_id)
        fields = {
            "user": entry.user_id,
            "action": ACTIONS[entry.action_flag],
            "model": f"{model.app_label}.{model.model}",
            "id": entry.object_id,
        }
        logger.info("edit", extra={"fields": fields})


def with_lines(log_actions):
    """Return Django's `log_actions`, which now also writes a line for each entry after the commit."""

    @functools.wraps(log_actions)
    def log_and_write_lines(*args, **kwargs):
        result = log_actions(*args, **kwargs)
        entries = result if isinstance(result, list) else [result]
        transaction.on_commit(lambda: write_lines(entries))
        return result

    return log_and_write_lines


# This method creates all entries. The post_save signal is not sent for entries created in bulk.
LogEntryManager.log_actions = with_lines(LogEntryManager.log_actions)
