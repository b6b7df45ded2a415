"""gunicorn's asgi worker with what it lacks: bounds on connections, and answers to who has said all."""

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers import gasgi

HEADER_SECONDS = 10  # from the connection to the end of its first request's headers
# In which whoever has been sent much must have read nearly all of it. What comes next waits for that, and
# large answers come 128 kB at a time: a phone far out manages that.
READING_SECONDS = 300


class BoundedProtocol(ASGIProtocol):
    """A connection that is closed if nothing comes or is read in time, or if the worker has too many.

    A visitor who closes their half of it after a whole request still gets the answer; asyncio would hang up.
    """

    has_said_all = False

    def connection_made(self, transport):
        super().connection_made(transport)
        if self.worker.nr_conns > self.worker.worker_connections:
            self._close_transport()
            return
        # gunicorn's own timer runs before every later request, and stops when the headers are whole.
        self._keepalive_handle = self.worker.loop.call_later(
            HEADER_SECONDS, self._keepalive_timeout
        )

    def pause_writing(self):
        super().pause_writing()
        self.giving_up = self.worker.loop.call_later(READING_SECONDS, self.transport.abort)

    def resume_writing(self):
        self.giving_up.cancel()
        super().resume_writing()

    def eof_received(self):
        self.has_said_all = True
        is_whole = self._body_receiver is not None and self._body_receiver._complete
        return is_whole and self._request_ready.is_set()

    def _will_close(self, *arguments):
        return self.has_said_all or super()._will_close(*arguments)


class Worker(gasgi.ASGIWorker):
    def init_process(self):
        gasgi.ASGIProtocol = BoundedProtocol  # which is all that the worker asks for it by
        super().init_process()
