"""Clients that hang up before, during and after each part of a request and its response."""

import itertools
import operator
import os
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

HEAD = "Host: {host}\r\nX-Forwarded-Proto: https\r\n"
GET = f"GET /regionplan/2019-2021/ HTTP/1.1\r\n{HEAD}\r\n"
POST = f"POST /aterkoppling/ HTTP/1.1\r\n{HEAD}Content-Length: 24\r\n\r\n"
BODY = "address=%2F&helpful=perh"  # not a valid answer, so that nothing is stored

# The request, and how many bytes of the response the client reads before it hangs up.
REQUESTS = [
    ("", 0),
    (GET[:10], 0),
    (GET[:-4], 0),
    (GET, 0),
    (GET, 1),
    (GET, 200_000),
    # Where a query keeps the page out of the cache, this takes a thread.
    (GET.replace(" HTTP", "?q=1 HTTP"), 0),
    (GET.replace("GET", "HEAD"), 0),
    (GET * 3, 0),
    (GET * 3, 20_000),
    (POST, 0),
    (POST + BODY[:9], 0),
    (POST + BODY, 0),
    (POST + BODY, 1),
    (GET + POST + BODY[:9], 1),
]
# With this SO_LINGER value, closing the socket resets the connection.
RESET = struct.pack("ii", 1, 0)


def hang_up(connect, host, request, bytes_read, resets):
    """Send `request` through `connect()`, read at most `bytes_read` bytes of the response, and close."""
    with suppress(OSError), connect() as connection:
        if resets:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.sendall(request.replace("{host}", host).encode())
        connection.settimeout(0.2)
        with suppress(TimeoutError):
            while bytes_read > 0 and (part := connection.recv(min(bytes_read, 65536))):
                bytes_read -= len(part)


def hang_up_often(connect, host, count):
    """Hang up `count` times from several threads, in every way in turn."""
    ways = itertools.islice(itertools.cycle(itertools.product(REQUESTS, [False, True])), count)
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(lambda way: hang_up(connect, host, *way[0], way[1]), ways))


def sockets_and_threads(pid):
    """Return the number of sockets and the number of threads of process `pid`."""
    sockets = 0
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            sockets += os.readlink(file).startswith("socket:")
    return sockets, len(list(Path(f"/proc/{pid}/task").iterdir()))


def falls_to(pid, at_most, seconds=40):
    """Wait until process `pid` has at most `at_most` (sockets, threads); return whether it does."""
    end = time.monotonic() + seconds
    while (
        not (is_low_enough := all(map(operator.le, sockets_and_threads(pid), at_most)))
        and time.monotonic() < end
    ):
        time.sleep(0.2)
    return is_low_enough
