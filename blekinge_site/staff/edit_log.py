"""One line in the log for each entry that staff leave in the admin's: who, what and which, all as numbers."""

import functools
import logging

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntryManager
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from blekinge_site.staff.signin_log import SIGN_IN

logger = logging.getLogger("edits")

ACTIONS = {ADDITION: "add", CHANGE: "change", DELETION: "delete", SIGN_IN: "sign-in"}


def tell(entries):
    for entry in entries:
        model = ContentType.objects.get_for_id(entry.content_type_id)
        fields = {
            "user": entry.user_id,
            "action": ACTIONS[entry.action_flag],
            "model": f"{model.app_label}.{model.model}",
            "id": entry.object_id,
        }
        logger.info("edit", extra={"fields": fields})


def telling(log_actions):
    """Return `log_actions`, Django's, telling of what it has made once that is in the database."""

    @functools.wraps(log_actions)
    def log_and_tell(*args, **kwargs):
        made = log_actions(*args, **kwargs)
        entries = made if isinstance(made, list) else [made]
        transaction.on_commit(lambda: tell(entries))
        return made

    return log_and_tell


# All entries are made by this one method. A signal would miss those made several at a time.
LogEntryManager.log_actions = telling(LogEntryManager.log_actions)
