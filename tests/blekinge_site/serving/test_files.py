"""Files from the disk over the network: static files and documents, whole, in part, and conditionally."""

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
def test_a_static_file_comes_in_no_encoding_that_is_refused(site, accepted, encoding):
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
    ("asked", "part"),
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
def test_a_part_of_a_file_is_sent(site, kind, asked, part):
    whole = site.get(site.paths[kind])[2]
    status, headers, body = site.get(site.paths[kind], Range=asked)
    assert (status, body) == (206, whole[part])
    first, last, _step = part.indices(len(whole))
    assert headers["Content-Range"] == f"bytes {first}-{last - 1}/{len(whole)}"
    assert headers["Content-Length"] == str(len(body))


def test_a_part_of_a_compressed_static_file_is_a_part_of_what_is_sent(site):
    accepted = {"Accept-Encoding": "br"}
    whole = site.get(site.paths["static"], **accepted)[2]
    status, headers, body = site.get(site.paths["static"], Range="bytes=-10", **accepted)
    assert (status, headers["Content-Encoding"], body) == (206, "br", whole[-10:])


def test_a_document_is_never_compressed_on_its_way(site):
    # The cookie leads past the page cache, which passes no encodings on.
    headers = {"Accept-Encoding": "gzip", "Cookie": "sessionid=x"}
    whole = site.get(site.paths["document"])[2]
    for asked, answer in (({}, (200, whole)), ({"Range": "bytes=0-999"}, (206, whole[:1000]))):
        status, said, body = site.get(site.paths["document"], **headers, **asked)
        assert (status, body, said["Content-Encoding"]) == (*answer, None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0"])
def test_a_part_that_is_not_there_is_refused_with_the_size(site, kind, asked):
    size = len(site.get(site.paths[kind])[2])
    status, headers, body = site.get(site.paths[kind], Range=asked)
    assert (status, headers["Content-Range"], body) == (416, f"bytes */{size}", b"")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=0-1,4-5", "bytes=-", "bytes=٣-", "lines=0-1", "0-1", ""]
)
def test_what_is_no_single_range_gets_the_whole_file(site, kind, asked):
    status, headers, body = site.get(site.paths[kind], Range=asked.encode())
    assert (status, headers["Accept-Ranges"]) == (200, "bytes")
    assert body == site.get(site.paths[kind])[2]


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_is_sent_only_of_the_file_that_the_visitor_has(site, kind):
    headers = site.get(site.paths[kind])[1]
    same = {headers["Last-Modified"]: 206, '"other"': 200, "Thu, 01 Jan 1970 00:00:00 GMT": 200}
    # A weak ETag, which an encoding of the file has too, says nothing of its bytes.
    same |= {headers["ETag"]: {"static": 200, "document": 206}[kind], "nonsense": 200}
    for validator, expected in same.items():
        sent = {"Range": "bytes=0-0", "If-Range": validator}
        assert site.get(site.paths[kind], **sent)[0] == expected, validator


@pytest.mark.parametrize("kind", KINDS)
def test_who_has_a_file_is_told_so(site, kind):
    _status, headers, body = site.get(site.paths[kind])
    assert headers["ETag"].startswith({"static": 'W/"', "document": '"'}[kind])
    for name, value in (
        ("If-None-Match", headers["ETag"]),
        ("If-None-Match", f'"other", {headers["ETag"]}'),
        ("If-None-Match", "*"),
        ("If-Modified-Since", headers["Last-Modified"]),
    ):
        status, said, nothing = site.get(site.paths[kind], **{name: value, "Range": "bytes=0-0"})
        assert (status, said["ETag"], nothing) == (304, headers["ETag"], b""), (name, value)
        assert said["Content-Length"] == str(len(body))
        assert said["Cache-Control"] == headers["Cache-Control"]
    for name, value in (
        ("If-None-Match", '"other"'),
        ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ):
        assert site.get(site.paths[kind], **{name: value})[0] == 200


@pytest.mark.parametrize("kind", KINDS)
def test_head_tells_of_the_whole_file(site, kind):
    _status, whole, body = site.get(site.paths[kind])
    for asked, expected in (
        ({}, 200),
        ({"Range": "bytes=0-0"}, 200),
        ({"If-None-Match": "*"}, 304),
    ):
        status, headers, nothing = site.get(site.paths[kind], method="HEAD", **asked)
        assert (status, nothing) == (expected, b"")
        assert headers["Content-Length"] == str(len(body))
        assert headers["ETag"] == whole["ETag"]


def test_a_document_that_is_replaced_is_asked_for_anew(site):
    _status, headers, _body = site.get(site.paths["document"])
    assert headers["Cache-Control"] == "public, max-age=0, stale-if-error=3600"
    site.run("""
from django.core.files.base import ContentFile
from planning.models import PlanDocument
PlanDocument.objects.get().file.save("bilaga.pdf", ContentFile(b"%PDF-ny"))
""")
    asked = {"If-None-Match": headers["ETag"]}
    assert site.get(site.paths["document"], **asked)[2] == b"%PDF-ny"
    resumed = {"If-Range": headers["ETag"], "Range": "bytes=0-0"}
    assert site.get(site.paths["document"], **resumed)[2] == b"%PDF-ny"
