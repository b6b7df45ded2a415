#!/usr/bin/env python
"""Runs gunicorn for this site. The command-line options are gunicorn's.

The settings are read first, because gunicorn reads WEB_CONCURRENCY before its configuration file and reports
an invalid value with a traceback.
"""

import os
from importlib import import_module

from blekinge_site.environment import one_line_errors

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "blekinge_site.settings")
    with one_line_errors():
        import_module(os.environ["DJANGO_SETTINGS_MODULE"])
    from gunicorn.app.wsgiapp import run

    run(prog="gunicorn")
