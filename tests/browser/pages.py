"""Helpers for public pages in the browser: their addresses, content for them, and checks of each page."""

import datetime as dt

from axe_playwright_python.sync_playwright import Axe
from django.core import signing
from django.core.files.base import ContentFile
from django.urls import resolve, reverse
from django.utils.http import urlencode
from django.utils.translation import override

from pages import feedback
from pages.models import Administration, DailyStat, Feedback, Page, RegionProfile
from planning.models import Budget, FollowUp, GoalRating, PlanDocument, Rating, RegionalPlan
from tests.factories import (
    make_budget,
    make_focus_area,
    make_goal,
    make_page,
    make_perspective,
    make_plan,
)
from tests.site import public_addresses

LANGUAGES = ("sv", "en")
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
    budget = make_budget(
        plan,
        2022,
        [("item", "988.3"), ("item", "-6198.0"), ("subtotal", "-5209.6"), ("result", "-5209.7")],
        decided_on=dt.date(2021, 6, 15),
    )
    budget.lines.filter(kind="subtotal").update(name_sv="Verksamhetens nettokostnader totalt")
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
            Page.objects.get(slug="rik-text").get_absolute_url(),
        ]


def table_and_chart(page, section="main"):
    """Return the texts of a budget's table within `section`, and of its chart, as two lists of pairs."""
    cells = page.locator(f"{section} .budget-table tbody :is(th, td)").all_inner_texts()
    labels = page.locator(f"{section} .waterfall text").all_text_contents()
    return [list(zip(texts[::2], texts[1::2], strict=True)) for texts in (cells, labels)]


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
  for (const chart of document.querySelectorAll("svg")) {
    const shapes = [...chart.querySelectorAll("text, rect")];
    const boxes = shapes.map(shape => shape.getBoundingClientRect());
    boxes.forEach((a, i) => boxes.slice(0, i).forEach((b, j) => {
      if (shapes[i].tagName === "rect" && shapes[j].tagName === "rect") return;
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        faults.push(`${name(shapes[j])} runs into ${name(shapes[i])}`);
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
