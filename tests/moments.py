"""Times that tests set the clock to."""

import datetime as dt

NOON = dt.datetime(2026, 11, 26, 11, 0, tzinfo=dt.UTC)  # 12.00 in Sweden
SECOND = dt.timedelta(seconds=1)
