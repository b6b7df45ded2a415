"""Responses with files, static files and documents: whole, in part, or 304 Not Modified.

See RFC 9110, sections 12.5.3 (encodings), 13 (conditional requests) and 14 (ranges).
"""

import mimetypes
import re
from functools import partial
from pathlib import PurePath

from django.http import HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date, parse_http_date_safe
from whitenoise.middleware import WhiteNoiseFileResponse, WhiteNoiseMiddleware
from whitenoise.responders import SlicedFile

from blekinge_site.serving.stored_pages import CACHE_CONTROL, X_ACCEL_EXPIRES, acceptable

# The first and last position, or the length of a suffix. No file's size has more digits.
RANGE = re.compile(r"\s*bytes\s*=\s*(?=[\d-]*\d)(\d{0,50})-(\d{0,50})\s*", re.IGNORECASE | re.ASCII)


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise's middleware, with our own responses.

    WhiteNoise sends encodings that the request refuses with `q=0`, responds with 416 to a range of one byte,
    and supports neither `If-Range` nor lists of ETags.
    """

    @staticmethod
    def serve(static_file, request):
        if request.method not in {"GET", "HEAD"}:
            return WhiteNoiseMiddleware.serve(static_file, request)
        encodings = ", ".join(acceptable(request.headers.get("Accept-Encoding", "")))
        path, headers = static_file.get_path_and_headers({"HTTP_ACCEPT_ENCODING": encodings})
        return file_response(request, partial(open, path, "rb"), dict(headers))


class GZipOfPages(GZipMiddleware):
    """Django's GZipMiddleware, except that it leaves files alone: ranges refer to the uncompressed file."""

    def process_response(self, request, response):
        return response if response.streaming else super().process_response(request, response)


def answer_with_download(request, file):
    """Return a response with `file`, the FieldFile of a document, for the visitor to save.

    Raises FileNotFoundError if the storage doesn't have it.
    """
    modified = file.storage.get_modified_time(file.name).timestamp()
    name = PurePath(file.name).name
    headers = {
        "Content-Type": mimetypes.guess_type(name)[0] or "application/octet-stream",
        "Content-Length": str(file.size),
        "Content-Disposition": content_disposition_header(True, name),
        "ETag": f'"{int(modified * 1_000_000):x}-{file.size:x}"',
        "Last-Modified": http_date(modified),
        "Cache-Control": CACHE_CONTROL,
        "X-Accel-Expires": X_ACCEL_EXPIRES,
    }
    return file_response(request, file.open, headers)


def file_response(request, open_file, headers):
    """Return the response to `request` for a file: all of it, the range requested, 304 or 416.

    `open_file` returns the file opened for reading bytes. `headers` are those of the whole file, and include
    ETag, Content-Length and Last-Modified. A request for several ranges gets the whole file.
    """
    size = headers["Content-Length"]
    headers |= {"Accept-Ranges": "bytes"}
    whole = HttpResponse(headers=headers)
    modified = parse_http_date_safe(headers["Last-Modified"])
    response = get_conditional_response(request, headers["ETag"], modified, whole)
    if response.status_code == 304:
        response["Content-Length"] = size  # the file's, where Django would set 0
    if response is not whole or request.method == "HEAD":
        return response
    positions = requested_range(request, headers)
    if positions is None:
        return WhiteNoiseFileResponse(open_file(), headers=headers)
    first, last = positions
    if first > last:
        refusal = {"Content-Range": f"bytes */{size}", "Content-Length": "0"}
        return HttpResponse(status=416, headers=refusal)
    headers |= {
        "Content-Range": f"bytes {first}-{last}/{size}",
        "Content-Length": str(last - first + 1),
    }
    return WhiteNoiseFileResponse(SlicedFile(open_file(), first, last), status=206, headers=headers)


def requested_range(request, headers):
    """Return the positions of the first and last byte that `request` wants, or None for the whole file.

    If the file has none of the bytes, the first position is greater than the last.
    """
    match = RANGE.fullmatch(request.headers.get("Range", ""))
    if not match or not is_same_file(request.headers.get("If-Range"), headers):
        return None
    first, last = (int(digits) if digits else None for digits in match.groups())
    end = int(headers["Content-Length"]) - 1
    if first is None:
        return max(0, end + 1 - last), end
    if last is not None and last < first:
        return None  # not a valid range
    return first, end if last is None else min(last, end)


def is_same_file(if_range, headers):
    """Return whether the file with `headers` is the one that the `If-Range` header, or None, identifies."""
    if if_range is None:
        return True
    if if_range.endswith('"'):
        return if_range == headers["ETag"] and not if_range.startswith("W/")
    modified = parse_http_date_safe(if_range)
    return modified is not None and modified == parse_http_date_safe(headers["Last-Modified"])
