#!/usr/bin/env python
"""Django's command line for this site."""

import logging
import os
import sys

from blekinge_site.environment import told_in_a_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blekinge_site.settings")
    # Where the database is away, the one line that ends the command tells it.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    from django.core.management import execute_from_command_line

    with told_in_a_line():
        execute_from_command_line(sys.argv)
