"""How far a command is, for the person at the terminal that it was started from."""

import time

QUIET_SECONDS = 2  # before the first word: most commands have ended by then
BETWEEN_SECONDS = 0.5


class Progress:
    """Writes how far a command is to `stream`, on one line that is gone when the context ends.

    Where `stream` is no terminal, it writes nothing.
    """

    def __init__(self, stream):
        self.stream, self.is_terminal = stream, stream.isatty()
        self.due_at = time.monotonic() + QUIET_SECONDS

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._show("")

    def __call__(self, step, done, total):
        """Say that `done` of `total` are done in `step`, a few words such as "Writing rows"."""
        now = time.monotonic()
        if now >= self.due_at:
            self.due_at = now + BETWEEN_SECONDS
            self._show(f"{step}: {100 * done // max(total, 1)} %")

    def _show(self, text):
        if self.is_terminal:
            self.stream.write(f"\r\x1b[K{text}", ending="")
            self.stream.flush()
