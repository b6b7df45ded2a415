"""Clients that hang up: before, during and after each part of a request and its answer."""

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
BODY = "address=%2F&helpful=perh"  # which no answer of ours is: it changes nothing

# What is sent, and how many bytes of the answer are read before it hangs up.
REQUESTS = [
    ("", 0),
    (GET[:10], 0),
    (GET[:-4], 0),
    (GET, 0),
    (GET, 1),
    (GET, 200_000),
    (GET.replace(" HTTP", "?q=1 HTTP"), 0),  # where this isn't stored, it takes a thread
    (GET.replace("GET", "HEAD"), 0),
    (GET * 3, 0),
    (GET * 3, 20_000),
    (POST, 0),
    (POST + BODY[:9], 0),
    (POST + BODY, 0),
    (POST + BODY, 1),
    (GET + POST + BODY[:9], 1),
]
# Linux then resets the connection instead of ending it in order.
RESET = struct.pack("ii", 1, 0)


def hang_up(connect, host, request, bytes_read, resets):
    """Send `request` through `connect()`, read so many bytes of the answer at most, and leave."""
    with suppress(OSError), connect() as connection:
        if resets:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.sendall(request.replace("{host}", host).encode())
        connection.settimeout(0.2)
        with suppress(TimeoutError):
            while bytes_read > 0 and (part := connection.recv(min(bytes_read, 65536))):
                bytes_read -= len(part)


def hang_up_often(connect, host, count):
    """Hang up `count` times, in every way in turn, from several threads."""
    ways = itertools.islice(itertools.cycle(itertools.product(REQUESTS, [False, True])), count)
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(lambda way: hang_up(connect, host, *way[0], way[1]), ways))


def held(pid):
    """Return how many sockets and threads process `pid` has."""
    sockets = 0
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            sockets += os.readlink(file).startswith("socket:")
    return sockets, len(list(Path(f"/proc/{pid}/task").iterdir()))


def settles(pid, at_most, seconds=40):
    """Wait until process `pid` holds at most so many sockets and threads; return whether it does."""
    end = time.monotonic() + seconds
    while not (is_less := all(map(operator.le, held(pid), at_most))) and time.monotonic() < end:
        time.sleep(0.2)
    return is_less
