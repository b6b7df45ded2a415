"""Files from the disk, static ones and documents: whole, in part, or not again to whoever has them.

RFC 9110 says how: sections 12.5.3 (encodings), 13 (conditions) and 14 (ranges).
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

# The numbers of the first and last byte, or of how many last bytes. More digits are no size of a file.
ONE_RANGE = re.compile(
    r"\s*bytes\s*=\s*(?=[\d-]*\d)(\d{0,50})-(\d{0,50})\s*", re.IGNORECASE | re.ASCII
)


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise's middleware, with our answers.

    WhiteNoise itself sends an encoding that the request refuses with `q=0`, answers 416 to a range of one
    byte, and knows neither `If-Range` nor a list of ETags.
    """

    @staticmethod
    def serve(static_file, request):
        if request.method not in {"GET", "HEAD"}:
            return WhiteNoiseMiddleware.serve(static_file, request)
        encodings = ", ".join(acceptable(request.headers.get("Accept-Encoding", "")))
        path, headers = static_file.get_path_and_headers({"HTTP_ACCEPT_ENCODING": encodings})
        return answer_with_file(request, partial(open, path, "rb"), dict(headers))


class GZipOfPages(GZipMiddleware):
    """Django's, which leaves files as they are: a part of one could not be put in its place."""

    def process_response(self, request, response):
        return response if response.streaming else super().process_response(request, response)


def answer_with_download(request, file):
    """Return an answer with `file`, a FieldFile that staff have uploaded, to be saved by the visitor.

    Raises FileNotFoundError where the storage doesn't have it.
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
    return answer_with_file(request, file.open, headers)


def answer_with_file(request, open_file, headers):
    """Return an answer with a file, or with what `request` says that the visitor lacks of it.

    `open_file` returns the file, open for reading bytes. `headers` are those of the whole file; the ETag,
    the length and the time of the last change are among them. A request for several ranges gets the file.
    """
    headers |= {"Accept-Ranges": "bytes"}
    whole = HttpResponse(headers=headers)
    modified = parse_http_date_safe(headers["Last-Modified"])
    answer = get_conditional_response(request, headers["ETag"], modified, whole)
    if answer.status_code == 304:
        answer["Content-Length"] = headers[
            "Content-Length"
        ]  # or Django says 0, which would be of the file
    if answer is not whole or request.method == "HEAD":
        return answer
    asked = asked_range(request, headers)
    if asked is None:
        return WhiteNoiseFileResponse(open_file(), headers=headers)
    (first, last), size = asked, headers["Content-Length"]
    if first > last:
        refusal = {"Content-Range": f"bytes */{size}", "Content-Length": "0"}
        return HttpResponse(status=416, headers=refusal)
    headers |= {
        "Content-Range": f"bytes {first}-{last}/{size}",
        "Content-Length": str(last - first + 1),
    }
    return WhiteNoiseFileResponse(SlicedFile(open_file(), first, last), status=206, headers=headers)


def asked_range(request, headers):
    """Return the numbers of the first and last byte that `request` asks for, or None for the whole file.

    Where the file of `headers` has none of the bytes asked for, the first number is the larger one.
    """
    match = ONE_RANGE.fullmatch(request.headers.get("Range", ""))
    if not match or not holds(request.headers.get("If-Range"), headers):
        return None
    first, last = (int(digits) if digits else None for digits in match.groups())
    end = int(headers["Content-Length"]) - 1
    if first is None:
        return max(0, end + 1 - last), end
    if last is not None and last < first:
        return None  # which is no range
    return first, end if last is None else min(last, end)


def holds(validator, headers):
    """Tell whether a visitor whose `If-Range` is `validator` has a part of the file that `headers` are of."""
    if validator is None:
        return True
    if validator.endswith('"'):
        return validator == headers["ETag"] and not validator.startswith("W/")
    modified = parse_http_date_safe(validator)
    return modified is not None and modified == parse_http_date_safe(headers["Last-Modified"])
