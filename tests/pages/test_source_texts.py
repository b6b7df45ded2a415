"""Every sentence, list item and figure of the two source texts is on its page, in order."""

import re
from pathlib import Path

import pytest

from tests.site import public_addresses, text_of

SOURCES = Path(__file__).parent / "source_texts"

# The only differences in form between the source texts and the pages.
CORRECTIONS = [
    ("Inriktingsmål", "Inriktningsmål"),
    ("Inriktningmål", "Inriktningsmål"),
    ("viktiga för att målet:", "viktiga för att nå målet:"),
    ("utvecklingsoch", "utvecklings- och"),
    ("Ett engagerat medarbetarskap.\n", "Ett engagerat medarbetarskap\n"),
    (
        '"Den bästa livsmiljön för hållbar tillväxt och god hälsa"',
        "”Den bästa livsmiljön för hållbar tillväxt och god hälsa”",
    ),
    ("2019-2021", "2019–2021"),
    ("2020-2021", "2020–2021"),
]


def pieces_of(name):
    """Return the sentences, list items, headings and figures of a source text, in order."""
    text = (SOURCES / name).read_text()
    for printed, corrected in CORRECTIONS:
        text = text.replace(printed, corrected)
    text = re.sub(r"^-(?=\d)", "−", text, flags=re.MULTILINE)
    pieces = []
    for line in text.splitlines():
        line = line.replace("•", " ").replace("\u00a0", " ").strip()
        pieces += re.split(r"(?<=[.?!]) (?=[A-ZÅÄÖ])", line) if line else []
    return pieces


def missing(pieces, page_text):
    """Return the pieces that `page_text` lacks or has in the wrong order."""
    place, lacking = 0, []
    for piece in pieces:
        start = page_text.find(piece, place)
        if start < 0:
            lacking.append(piece)
        else:
            place = start + len(piece)
    return lacking


def test_the_source_texts_are_read_whole():
    profile = pieces_of("om_region_blekinge.txt")
    plan = pieces_of("regionplan_med_budget.txt")
    assert profile[0] == "Om Region Blekinge"
    assert "1 023 personer gör besök på vårdcentralerna och jourcentralerna" in profile
    assert len([piece for piece in plan if piece.startswith("Inriktningsmål: ")]) == 11
    assert plan[-1] == "59,3"
    assert "−6 198,0" in plan


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("om_region_blekinge.txt", "/om-region-blekinge/"),
        ("regionplan_med_budget.txt", "/regionplan/2019-2021/"),
        ("regionplan_med_budget.txt", "/regionplan/"),
    ],
)
def test_a_source_text_is_whole_and_in_order_on_its_page(client, content, source, address):
    assert missing(pieces_of(source), text_of(client.get(address))) == []


def test_a_missing_sentence_would_be_seen(client, content):
    page_text = text_of(client.get("/om-region-blekinge/"))
    page_text = page_text.replace("Vi visar tillit och stöttar varandra.", "")
    assert missing(pieces_of("om_region_blekinge.txt"), page_text) == [
        "Vi visar tillit och stöttar varandra."
    ]


@pytest.mark.parametrize("name", ["om_region_blekinge.txt", "regionplan_med_budget.txt"])
def test_no_english_page_has_a_swedish_sentence(client, content, name):
    swedish = [piece for piece in pieces_of(name) if len(piece.split()) > 2]
    assert len(swedish) > 20
    for address in public_addresses("en"):
        page_text = text_of(client.get(address), without_lang="sv")
        assert [piece for piece in swedish if piece in page_text] == [], address


def test_english_pages_have_swedish_letters_only_in_names(client, content):
    for address in public_addresses("en"):
        page_text = text_of(client.get(address), without_lang="sv").replace("Bräkne-Hoby", "")
        assert re.findall(r"\w*[åäöÅÄÖ]\w*", page_text) == [], address
