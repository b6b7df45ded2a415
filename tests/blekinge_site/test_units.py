import pytest

from blekinge_site.units import (
    SEVERAL_UNITS,
    Unit,
    is_percent_format,
    scale_of_format,
    unit_in,
    unit_of_format,
    units_in,
)


@pytest.mark.parametrize(
    ("unit", "texts"),
    [
        (Unit.KRONOR, ["kr", "Belopp (kr)", "Kronor", "SEK", "Skattesats, kronor per 100", "kr/inv",
                       "Budget 2024 kr", "Tabell 3, kr"]),
        (
            Unit.THOUSANDS,
            ["tkr", "1 tkr", "(tkr)", "i tkr", "Belopp tkr", "TKR", "Budget_tkr", "kkr", "KSEK",
             "Tusental kronor", "tusentals kr", "1000-tal kronor", "i 1 000 kr", "(1000 kr)", "t kr",
             "tusen kronor", "t.kr", "Bokslut 2022 tkr", "Plan 2024–26 tkr"],
        ),
        (
            Unit.MILLIONS,
            ["mnkr", "mkr", "Mkr", "MSEK", "milj kr", "milj. kr", "Miljoner kronor", "Resultat, mnkr 2024",
             "Belopp\n(mnkr)", "Belopp i\u00a0mnkr", "mn kr", "miljoner", "m.kr",
             "Budget 2024 mnkr", "2024–2026 mnkr"],
        ),
        (Unit.BILLIONS, ["mdkr", "mdr", "mdr kr", "Miljarder kronor", "bsek", "miljard kronor"]),
        (
            None,
            ["", "2019", "Post", "krav", "mark", "sekund", "Okr", "mnkrx", "Av varje 100 kronor",
             "Bidrag över 500 kr", "Verksamhetens nettokostnader", "Tusenskönan", "Blad1",
             "Källa: SKR", "Varav 2,5 miljoner kronor är vite", "Bokslut 2023: 12 mnkr", "10 000 kr"],
        ),
        (SEVERAL_UNITS, ["tkr/mnkr", "kr och tkr", "Belopp i mnkr, skattesats i kronor"]),
    ],
)  # fmt: skip
def test_a_heading_states_its_unit_as_a_word(unit, texts):
    assert {text: unit_in(text) for text in texts} == dict.fromkeys(texts, unit)


def test_all_units_of_a_text_are_listed():
    assert units_in("tkr (före 2020: mnkr)") == {Unit.THOUSANDS, Unit.MILLIONS}


@pytest.mark.parametrize(
    ("number_format", "unit", "scale"),
    [
        ("", None, 1),
        ("General", None, 1),
        ("#,##0", None, 1),
        ("[Red]-#,##0", None, 1),
        ("#,##0.0,", Unit.THOUSANDS, 1000),
        ("#,##0,.0", Unit.THOUSANDS, 1000),
        ("#,##0,;-#,##0,", Unit.THOUSANDS, 1000),
        ("#,##0,,", Unit.MILLIONS, 10**6),
        ('0.0 "tkr"', Unit.THOUSANDS, 1),
        ('#,##0.0, "mnkr"', Unit.MILLIONS, 1000),
        (r"#,##0\ \k\r", Unit.KRONOR, 1),
        ("#,##0 [$kr-41D]", Unit.KRONOR, 1),
        (r'_-* #,##0.00\ "kr"_-;\-* #,##0.00\ "kr"_-;_-* "-"??\ "kr"_-;_-@_-', Unit.KRONOR, 1),
        ('#,##0 "mnkr";-#,##0 "tkr"', SEVERAL_UNITS, 1),
        ('0.0"a,"', None, 1),
        ("yyyy-mm-dd", None, 1),
        ("0,,,,,,,,,,", None, 10**15),
    ],
)
def test_a_number_format_states_unit_and_scale(number_format, unit, scale):
    assert (unit_of_format(number_format), scale_of_format(number_format)) == (unit, scale)


def test_several_units_cannot_be_multiplied_by():
    with pytest.raises(TypeError):
        SEVERAL_UNITS * 1000


def test_a_percentage_is_recognised_outside_quotes():
    assert [is_percent_format(text) for text in ("0%", "0.0\\ %", '0 "%"', "0")] == [
        True, True, False, False,
    ]  # fmt: skip
