#!/usr/bin/env python
"""gunicorn for this site, with gunicorn's own options.

gunicorn reads WEB_CONCURRENCY before its configuration, and tells a wrong one with a traceback: so the
settings are read first.
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
