"""The differences between two texts: segments that make up both texts again."""

import pytest

from pages.publishing.word_differences import (
    ADDED,
    MAX_WORDS,
    REMOVED,
    SAME,
    rich_text_differences,
    word_differences,
)


@pytest.mark.parametrize(
    ("before", "after", "segments"),
    [
        ("", "", []),
        ("Lika.", "Lika.", [(SAME, "Lika.")]),
        ("", "Ny", [(ADDED, "Ny")]),
        (
            "En god vård",
            "En nära vård",
            [(SAME, "En "), (REMOVED, "god"), (ADDED, "nära"), (SAME, " vård")],
        ),
        (
            "6\xa0198,0 mnkr",
            "6\xa0199,0 mnkr",
            [
                (REMOVED, "6\xa0198,0"),
                (ADDED, "6\xa0199,0"),
                (SAME, " mnkr"),
            ],
        ),
        ("a <b>", "a", [(SAME, "a"), (REMOVED, " <b>")]),
        ("Ett.\nTvå.\n", "Ett.\n", [(SAME, "Ett.\n"), (REMOVED, "Två.\n")]),
    ],
)
def test_the_words_that_differ_are_marked(before, after, segments):
    assert word_differences(before, after) == segments


@pytest.mark.parametrize("words", [50, MAX_WORDS])
def test_the_segments_make_up_both_texts(words):
    before = " ".join(f"ord{number}" for number in range(words))
    after = before.replace("7", "sju")
    segments = word_differences(before, after)
    assert "".join(text for change, text in segments if change != ADDED) == before
    assert "".join(text for change, text in segments if change != REMOVED) == after


def test_rich_text_gives_text_and_the_addresses_of_links():
    before = '<p>Läs <a href="/plan/">planen</a> &amp; mer.</p><ul><li><p>Ett</p></li></ul>'
    after = '<p>Läs <a href="/ny/">planen</a> &amp; mer.</p><ul><li><p>Två</p></li></ul>'
    assert rich_text_differences(before, after) == [
        (SAME, "Läs planen (/"),
        (REMOVED, "plan"),
        (ADDED, "ny"),
        (SAME, "/) & mer.\n"),
        (SAME, "• "),
        (REMOVED, "Ett"),
        (ADDED, "Två"),
    ]


def test_formatting_alone_is_no_difference_between_words():
    segments = rich_text_differences("<p>En <strong>sak</strong></p>", "<h3>En sak</h3>")
    assert segments == [(SAME, "En sak")]
