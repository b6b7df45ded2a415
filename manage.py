#!/usr/bin/env python
"""Django's command-line utility for this site."""

import logging
import os
import sys

from blekinge_site.environment import one_line_errors

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blekinge_site.settings")
    # one_line_errors reports a lost database. The pool's warnings would repeat it.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    from django.core.management import execute_from_command_line

    with one_line_errors():
        execute_from_command_line(sys.argv)
