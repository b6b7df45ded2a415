"""Helpers for public pages in the browser: their addresses, content for them, and checks of each page."""

import datetime as dt

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core import signing
from django.core.files.base import ContentFile
from django.urls import resolve, reverse
from django.utils.http import urlencode
from django.utils.translation import override

from pages import feedback
from pages.models import Administration, DailyStat, Feedback, Page, RegionProfile
from planning.models import (
    NONE,
    Budget,
    BudgetLine,
    Decision,
    FollowUp,
    GoalRating,
    Indicator,
    IndicatorValue,
    PlanDocument,
    Rating,
    RegionalPlan,
)
from tests.factories import (
    make_budget,
    make_focus_area,
    make_goal,
    make_page,
    make_perspective,
    make_plan,
    make_table,
)
from tests.site import public_addresses

LANGUAGES = ("sv", "en")
# Outside CI, only in Swedish.
in_both_languages = pytest.mark.parametrize(
    "language", ["sv", pytest.param("en", marks=pytest.mark.in_ci)]
)
NOT_FOUND = {"sv": "/finns-inte/", "en": "/en/does-not-exist/"}

# --- Pages -----------------------------------------------------------------------------------------


def budget_address(language):
    """Return the address of the 2019 budget."""
    with override(language):
        return Budget.objects.get(year=2019).get_absolute_url()


def thanks_address(language, *, message=""):
    """Store an answer to the feedback form; return the address of its thanks page."""
    with override(language):
        answer = Feedback.objects.create(
            address=reverse("planning:start"), language=language, helpful=True, message=message
        )
        token = signing.dumps(answer.pk, salt=feedback.SALT)
        return f"{reverse('pages:feedback_thanks')}?{urlencode({'svar': token})}"


def every_address(language):
    """Return every public address, the thanks page in each state, and a missing address."""
    return [
        *public_addresses(language),
        thanks_address(language),
        thanks_address(language, message="Tack."),
        NOT_FOUND[language],
    ]


def addresses_of_each_kind(language):
    """Return an address of each kind of page, for checks that don't depend on the text."""
    kinds = {}
    with override(language):
        for address in public_addresses(language):
            kinds.setdefault(resolve(address).view_name, address)
    return [*kinds.values(), thanks_address(language), NOT_FOUND[language]]


def add_optional_content():
    """Add an object of each kind that the fixtures lack, in Swedish only and with long texts."""
    profile = RegionProfile.objects.get()
    Administration.objects.create(
        profile=profile,
        position=1,
        slug="halso-och-sjukvard",
        name_sv="Hälso- och sjukvårdsförvaltningen",
        description_sv="Ansvarar för vården.\nHar 4 000 medarbetare.",
        address="Region Blekinge\n371 81 Karlskrona",
    )
    DailyStat.objects.filter(position=1).update(
        as_of=dt.date(2021, 4, 7), source_sv="Årsredovisning"
    )
    parent = make_page("over", title_sv="Upphandlingssamordningsfunktionen")
    make_page(
        "rik-text",
        title_sv="Upphandlingssamordningsfunktionens ansvarsområdesbeskrivning",
        parent=parent,
        body_sv=(
            "<h3>Rubrik</h3><ol><li>Ett</li><li>Två</li></ol><h4>Under</h4><p>Text.</p>"
            "<blockquote><p>Citat.</p></blockquote>"
            "<table><tr><th>Linje</th><th>Avgång</th></tr><tr><th>1</th><td>7.00</td></tr></table>"
            "<table><tr><th>Ort</th><td>Olofström</td></tr></table>"
        ),
    )

    plan = make_plan(2022, 2099, body_sv="Ett stycke.\nEtt till.", introduction_sv="Inledning.")
    RegionalPlan.objects.filter(first_year=2019).update(successor=plan)
    perspective = make_perspective(plan, 1, description_sv="Vad det betyder.")
    goal = make_goal(perspective, 1, name_sv="En hållbar kompetensförsörjningsverksamhet")
    make_focus_area(goal, 1)
    make_goal(perspective, 2, description_sv="Ett mål utan insatsområden.")
    make_perspective(plan, 2)
    make_goal(None, 1, plan=plan, slug="direkt", name_sv="Ett mål direkt i planen")
    add_indicators(goal)
    decided_on = dt.date(2021, 6, 15)
    budget = make_budget(plan, 2022, decided_on=decided_on, tax_rate="12.38")
    add_tables(budget)
    Decision.objects.create(plan=plan, position=1, kind="decided", decided_on=decided_on)
    Decision.objects.create(plan=plan, position=2, kind="revised", decided_by_sv="fullmäktige")
    year = FollowUp.objects.create(
        plan=plan,
        year=2022,
        satisfactory=1,
        not_fully=0,
        result_msek="-12.5",
        decided_on=dt.date(2023, 4, 12),
        source_sv="Årsredovisning 2022",
    )
    GoalRating.objects.create(follow_up=year, goal=goal, rating=Rating.SATISFACTORY)
    document = PlanDocument(plan=plan, position=1, title_sv="Bilaga")
    document.file.save("bilaga.pdf", ContentFile(b"%PDF-1.7"))


def add_indicators(goal):
    """Add an indicator with bars, and others without a target, a unit or a value."""
    for position, (direction, target, values) in enumerate(
        [("more", "12", ["8.1", "-9.25", "10"]), ("less", None, ["4.5"]), ("keep", "1", [])],
        start=1,
    ):
        indicator = Indicator.objects.create(
            goal=goal,
            position=position,
            name_sv="Verksamhetsutvecklingsindex",
            unit_sv="procent" if position == 1 else "",
            direction=direction,
            target=target,
            target_year=target and 2024,
        )
        for year, value in enumerate(values, start=2019):
            IndicatorValue.objects.create(
                indicator=indicator, year=year, value=value, source_sv="Årsredovisning"
            )


def add_tables(budget):
    """Add tables of one, two and six columns: with a wrong sum, missing amounts and dashes, and a deficit."""
    make_table(
        budget,
        [
            ("item", ["988.3"]),
            ("of_which", ["88.3"]),
            ("item", ["-6198.0"]),
            ("subtotal", ["-5209.6"]),
            ("item", [None]),
            ("item", [NONE]),
            ("result", ["-5209.7"]),
        ],
        title_sv="Verksamhetsgemensamma resultatbudgetar",
    )
    make_table(
        budget,
        [("item", ["-1234.5", "2.0"]), ("item", ["9.0", None]), ("total", ["-1225.5", "2.0"])],
        [("budget", 2022), ("plan", 2023)],
    )
    years = range(2020, 2026)
    make_table(
        budget,
        [
            ("item", ["123456"] * 6),
            ("item", ["-1234"] * 6),
            ("subtotal", ["122222"] * 6),
            ("result", ["122222"] * 5 + ["9"]),
        ],
        [("outcome" if year < 2022 else "plan", year) for year in years],
        unit="ksek",
        decimals=0,
    )
    lines = BudgetLine.objects.filter(table__budget=budget)
    lines.filter(kind="subtotal").update(name_sv="Verksamhetens nettokostnader totalt")


def added_addresses(language):
    """Return the addresses of the pages that `add_optional_content` adds or changes."""
    with override(language):
        plan = RegionalPlan.objects.get(first_year=2022)
        return [
            reverse("planning:start"),
            reverse("pages:profile"),
            plan.get_absolute_url(),
            plan.predecessors.get().get_absolute_url(),
            *(perspective.get_absolute_url() for perspective in plan.perspectives.all()),
            plan.budgets.get().get_absolute_url(),
            reverse("planning:budget_column", args=[plan.natural_key(), 2022, "plan-2025"]),
            Page.objects.get(slug="rik-text").get_absolute_url(),
        ]


def table_rows(page, section="main"):
    """Return the rows of the first table of a budget within `section`: the name and the amounts of each."""
    rows = page.locator(f"{section} .bars-box").first.locator("tbody tr")
    return [
        (row.locator(".bars__name").inner_text(), *row.locator("td").all_inner_texts())
        for row in rows.all()
    ]


# --- Accessibility ---------------------------------------------------------------------------------

AXE_OPTIONS = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "rules": {"target-size": {"enabled": True}},  # WCAG 2.5.8; off by default in axe
    "resultTypes": ["violations"],
    "preload": False,  # no rule here needs the page's files to be fetched again
}
AXE_COLOR_OPTIONS = AXE_OPTIONS | {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
}

# The texts that stick out of the window, are cut off by a box, or overlap other text in a chart, as strings.
SPILLED = """() => {
  const width = document.documentElement.clientWidth;
  const faults = [];
  const name = e => `${e.tagName.toLowerCase()}.${e.getAttribute("class")} "${
    (e.textContent || "").trim().slice(0, 40)}"`;
  if (document.documentElement.scrollWidth > width)
    faults.push(`the page is ${document.documentElement.scrollWidth} px wide`);
  for (const e of document.body.querySelectorAll("*")) {
    if (!e.checkVisibility() || e.closest(".visually-hidden, .skip-link")) continue;
    if (e.closest(".bars-box--wide")) continue; // which scrolls
    const box = e.getBoundingClientRect();
    if (box.width && (box.left < -0.5 || box.right > width + 0.5))
      faults.push(`${name(e)} reaches from ${box.left} to ${box.right}`);
    if (e instanceof SVGElement) continue;
    const { overflowX, overflowY } = getComputedStyle(e);
    if (overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1)
      faults.push(`${name(e)} holds ${e.scrollWidth} px in ${e.clientWidth}`);
    if (["hidden", "clip"].includes(overflowY) && e.scrollHeight > e.clientHeight + 1)
      faults.push(`${name(e)} holds ${e.scrollHeight} px in ${e.clientHeight}, downwards`);
  }
  for (const table of document.querySelectorAll("table:has(svg)")) {
    const texts = [];
    const walker = document.createTreeWalker(table, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode, e = text.parentElement;
      if (!text.data.trim() || !e.checkVisibility() || e.closest(".visually-hidden")) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      texts.push(...[...range.getClientRects()].map(box => [text.data.trim(), box]));
    }
    const drawn = [...table.querySelectorAll("rect, line")].filter(e => e.checkVisibility())
      .map(shape => [shape.getAttribute("class"), shape.getBoundingClientRect()]);
    texts.forEach(([text, a], i) => [...texts.slice(0, i), ...drawn].forEach(([other, b]) => {
      if (a.left < b.right && b.left < a.right && a.top + 1 < b.bottom && b.top < a.bottom - 1)
        faults.push(`${other} runs into "${text}"`);
    }));
  }
  return faults;
}"""


# Resolves when no transition or animation is running.
AT_REST = """() => Promise.all(
  document.getAnimations().map(animation => animation.finished.catch(() => null))
)"""


def ready_for_axe(page):
    """Wait for the open `page` to settle and inject axe, which stays until the next page load."""
    page.evaluate(AT_REST)
    page.evaluate(Axe().axe_script)


def violations(page, options=AXE_OPTIONS):
    """Return axe's violations on the open `page`, as strings."""
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in page.evaluate("options => axe.run(options)", options)["violations"]
        for node in rule["nodes"]
    ]


def faults(page, options=AXE_OPTIONS):
    """Return layout faults and axe's violations on the open `page`, as strings."""
    return page.evaluate(SPILLED) + violations(page, options)
