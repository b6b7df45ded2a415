"""Static files and documents over the network: whole, by range and conditionally."""

import gzip
import re

import brotli
import pytest

from tests.serving import served

pytestmark = pytest.mark.processes

DOCUMENT = """
from django.core.files.base import ContentFile
from planning.models import PlanDocument
from tests.factories import make_plan
document = PlanDocument(plan=make_plan(), position=1, title_sv="Bilaga")
document.file.save("bilaga.pdf", ContentFile(b"%PDF-" + b"0123456789" * 10_000))
"""
KINDS = ["static", "document"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served(tmp_path_factory.mktemp("files"), DOCUMENT, WEB_CONCURRENCY="1") as site:
        page = site.get("/")[2].decode()
        site.paths = {
            "static": re.search(r'href="(/static/[^"]+\.css)"', page)[1],
            "document": "/regionplan/2019-2021/dokument/1/",
        }
        yield site


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("br;q=0, gzip;q=0", None),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0.000, br;q=0.5", "br"),
        ("*;q=0", None),
        ("*", "br"),
        ("xbr", None),
        ("identity", None),
    ],
)
def test_a_static_file_is_never_sent_in_a_refused_encoding(site, accepted, encoding):
    path = site.paths["static"]
    whole = site.get(path)[2]
    status, headers, body = site.get(path, **{"Accept-Encoding": accepted})
    assert (status, headers["Content-Encoding"]) == (200, encoding)
    decompress = {"gzip": gzip.decompress, "br": brotli.decompress, None: bytes}[encoding]
    assert decompress(body) == whole
    assert headers["Content-Length"] == str(len(body))
    assert headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("byte_range", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=-1", slice(-1, None)),
        ("bytes=5-8", slice(5, 9)),
        ("bytes=7-", slice(7, None)),
        ("bytes=0-99999999999999999999", slice(None)),
        ("bytes=-99999999", slice(None)),
        ("Bytes = 2-2", slice(2, 3)),
    ],
)
def test_a_range_of_a_file_is_sent(site, kind, byte_range, part):
    whole = site.get(site.paths[kind])[2]
    status, headers, body = site.get(site.paths[kind], Range=byte_range)
    assert (status, body) == (206, whole[part])
    first, last, _step = part.indices(len(whole))
    assert headers["Content-Range"] == f"bytes {first}-{last - 1}/{len(whole)}"
    assert headers["Content-Length"] == str(len(body))


def test_a_range_of_a_compressed_static_file_counts_compressed_bytes(site):
    accepted = {"Accept-Encoding": "br"}
    whole = site.get(site.paths["static"], **accepted)[2]
    status, headers, body = site.get(site.paths["static"], Range="bytes=-10", **accepted)
    assert (status, headers["Content-Encoding"], body) == (206, "br", whole[-10:])


def test_a_document_is_never_compressed(site):
    # The cookie bypasses the page cache, which would drop Accept-Encoding.
    headers = {"Accept-Encoding": "gzip", "Cookie": "sessionid=x"}
    whole = site.get(site.paths["document"])[2]
    part = whole[:1000]
    for range_header, expected in (({}, (200, whole)), ({"Range": "bytes=0-999"}, (206, part))):
        status, response_headers, body = site.get(site.paths["document"], **headers, **range_header)
        assert (status, body, response_headers["Content-Encoding"]) == (*expected, None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("byte_range", ["bytes=99999999-", "bytes=-0"])
def test_a_range_beyond_the_file_is_refused_with_the_size(site, kind, byte_range):
    size = len(site.get(site.paths[kind])[2])
    status, headers, body = site.get(site.paths[kind], Range=byte_range)
    assert (status, headers["Content-Range"], body) == (416, f"bytes */{size}", b"")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "byte_range", ["bytes=5-2", "bytes=0-1,4-5", "bytes=-", "bytes=٣-", "lines=0-1", "0-1", ""]
)
def test_an_invalid_or_multiple_range_gets_the_whole_file(site, kind, byte_range):
    status, headers, body = site.get(site.paths[kind], Range=byte_range.encode())
    assert (status, headers["Accept-Ranges"]) == (200, "bytes")
    assert body == site.get(site.paths[kind])[2]


@pytest.mark.parametrize("kind", KINDS)
def test_a_range_is_sent_only_if_the_file_is_unchanged(site, kind):
    headers = site.get(site.paths[kind])[1]
    same = {headers["Last-Modified"]: 206, '"other"': 200, "Thu, 01 Jan 1970 00:00:00 GMT": 200}
    # Encodings of the file share its weak ETag, so a weak ETag doesn't identify bytes.
    same |= {headers["ETag"]: {"static": 200, "document": 206}[kind], "nonsense": 200}
    for validator, expected in same.items():
        sent = {"Range": "bytes=0-0", "If-Range": validator}
        assert site.get(site.paths[kind], **sent)[0] == expected, validator


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_the_client_has_is_not_sent_again(site, kind):
    _status, headers, body = site.get(site.paths[kind])
    assert headers["ETag"].startswith({"static": 'W/"', "document": '"'}[kind])
    for name, value in (
        ("If-None-Match", headers["ETag"]),
        ("If-None-Match", f'"other", {headers["ETag"]}'),
        ("If-None-Match", "*"),
        ("If-Modified-Since", headers["Last-Modified"]),
    ):
        known = {name: value, "Range": "bytes=0-0"}
        status, new_headers, empty_body = site.get(site.paths[kind], **known)
        assert (status, new_headers["ETag"], empty_body) == (304, headers["ETag"], b""), known
        assert new_headers["Content-Length"] == str(len(body))
        assert new_headers["Cache-Control"] == headers["Cache-Control"]
    for name, value in (
        ("If-None-Match", '"other"'),
        ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ):
        assert site.get(site.paths[kind], **{name: value})[0] == 200


@pytest.mark.parametrize("kind", KINDS)
def test_head_describes_the_whole_file(site, kind):
    _status, whole, body = site.get(site.paths[kind])
    for request_headers, expected in (
        ({}, 200),
        ({"Range": "bytes=0-0"}, 200),
        ({"If-None-Match": "*"}, 304),
    ):
        status, headers, empty_body = site.get(site.paths[kind], method="HEAD", **request_headers)
        assert (status, empty_body) == (expected, b"")
        assert headers["Content-Length"] == str(len(body))
        assert headers["ETag"] == whole["ETag"]


def test_a_replaced_document_is_sent_again(site):
    _status, headers, _body = site.get(site.paths["document"])
    assert headers["Cache-Control"] == "public, max-age=0, stale-if-error=3600"
    site.run("""
from django.core.files.base import ContentFile
from planning.models import PlanDocument
PlanDocument.objects.get().file.save("bilaga.pdf", ContentFile(b"%PDF-ny"))
""")
    request_headers = {"If-None-Match": headers["ETag"]}
    assert site.get(site.paths["document"], **request_headers)[2] == b"%PDF-ny"
    resumed = {"If-Range": headers["ETag"], "Range": "bytes=0-0"}
    assert site.get(site.paths["document"], **resumed)[2] == b"%PDF-ny"
