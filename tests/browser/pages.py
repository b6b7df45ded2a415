"""Which pages the browser tests open, and what they ask of each."""

from axe_playwright_python.sync_playwright import Axe
from django.core import signing
from django.urls import reverse
from django.utils.translation import override

from pages import feedback
from pages.models import Feedback
from planning.models import Budget
from tests.site import public_addresses

NOT_FOUND = {"sv": "/finns-inte/", "en": "/en/does-not-exist/"}

AXE_OPTIONS = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "rules": {"target-size": {"enabled": True}},  # WCAG 2.5.8; axe leaves it out unless asked
    "resultTypes": ["violations"],
    "preload": False,  # no rule that is run here needs the files fetched again
}

# What sticks out of the window or is cut off by the box around it: a list of strings.
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
  return faults;
}"""


def budget_address(language):
    with override(language):
        return Budget.objects.get().get_absolute_url()


def thanks_address(language, *, message=""):
    """Store an answer to the question that ends every page; return the address it leads to."""
    with override(language):
        answer = Feedback.objects.create(
            address=reverse("planning:start"), language=language, helpful=True, message=message
        )
        token = signing.dumps(answer.pk, salt=feedback.SALT)
        return f"{reverse('pages:feedback_thanks')}?svar={token}"


def every_address(language):
    """Return every public address, the thanks page in each state, and one where there is no page."""
    return [
        *public_addresses(language),
        thanks_address(language),
        thanks_address(language, message="Tack."),
        NOT_FOUND[language],
    ]


def ready_for_axe(page):
    """Give the open `page` axe, which stays until the next page is opened."""
    page.evaluate(Axe().axe_script)


def faults(page):
    """Return what sticks out or is cut off on the open `page`, and what axe finds wrong, as strings."""
    found = page.evaluate("options => axe.run(options)", AXE_OPTIONS)["violations"]
    return page.evaluate(SPILLED) + [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]
