"""gunicorn's asgi worker with the bounds that it lacks on idle, slow and countless connections."""

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers import gasgi

HEADER_SECONDS = 10  # from the connection to the end of its first request's headers


class BoundedProtocol(ASGIProtocol):
    """A connection that is closed if no request comes in time, or if the worker has too many."""

    def connection_made(self, transport):
        super().connection_made(transport)
        if self.worker.nr_conns > self.worker.worker_connections:
            self._close_transport()
            return
        # gunicorn's own timer runs before every later request, and stops when the headers are whole.
        self._keepalive_handle = self.worker.loop.call_later(
            HEADER_SECONDS, self._keepalive_timeout
        )


class Worker(gasgi.ASGIWorker):
    def init_process(self):
        gasgi.ASGIProtocol = BoundedProtocol  # which is all that the worker asks for it by
        super().init_process()
