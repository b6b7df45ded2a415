"""Progress of a long command, shown in the terminal that it runs in."""

import time

QUIET_SECONDS = 2  # before the first report: most commands have finished by then
BETWEEN_SECONDS = 0.5


class Progress:
    """Writes progress to `stream`, on one line that is erased when the context ends.

    Writes nothing if `stream` is not a terminal.
    """

    def __init__(self, stream):
        self.stream, self.is_terminal = stream, stream.isatty()
        self.due_at = time.monotonic() + QUIET_SECONDS

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._show("")

    def __call__(self, step, done, total):
        """Report that `done` of `total` is done in `step`, a short label such as "Writing rows"."""
        now = time.monotonic()
        if now >= self.due_at:
            self.due_at = now + BETWEEN_SECONDS
            self._show(f"{step}: {100 * done // max(total, 1)} %")

    def _show(self, text):
        if self.is_terminal:
            self.stream.write(f"\r\x1b[K{text}", ending="")
            self.stream.flush()


def no_report(step, done, total):
    """Report nothing, in place of a `Progress`."""
