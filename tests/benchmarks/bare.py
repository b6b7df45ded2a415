"""Minimal WSGI and ASGI applications that the site is measured against: they send prepared responses.

BARE names a pickle file of `{path: (status, headers, body)}`.
"""

import os
import pickle
from pathlib import Path

ANSWERS = pickle.loads(Path(os.environ["BARE"]).read_bytes())


def wsgi(environ, start_response):
    status, headers, body = ANSWERS[environ["PATH_INFO"]]
    start_response(status, headers)
    return [body]


async def asgi(scope, receive, send):
    status, headers, body = ANSWERS[scope["path"]]
    headers = [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": int(status[:3]), "headers": headers})
    await send({"type": "http.response.body", "body": body})
