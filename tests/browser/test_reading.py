"""Reading the public pages: on all screens, with readers' own settings, on paper, and the weight."""

from urllib.parse import urlsplit

import brotli
import pytest
from django.conf import settings
from django.utils.translation import override

from blekinge_site.formats import amount
from planning.models import BudgetLine
from tests.browser import pages
from tests.browser.pages import in_both_languages
from tests.factories import make_budget, make_page, make_plan, make_table


def window(width, height=800):
    return {"width": width, "height": height}


# --- Screens ---------------------------------------------------------------------------------------


@in_both_languages
def test_pages_fit_and_are_accessible_on_every_screen_in_light_and_dark(
    site, new_context, language
):
    """Outside CI, axe checks one page of each kind, at one width."""
    page, faults = new_context().new_page(), []
    of_each_kind = pages.addresses_of_each_kind(language)
    for address in pages.every_address(language):
        page.emulate_media(color_scheme="light")
        page.goto(site + address)
        for width in (1280, 768, 320):
            page.set_viewport_size(window(width))
            light = page.evaluate(pages.SPILLED)
            faults += [f"{address}, {width} px: {fault}" for fault in light]
        if not (settings.IN_CI or address in of_each_kind):
            continue
        pages.ready_for_axe(page)
        for width in (320, 768, 1280) if settings.IN_CI else (320,):
            page.set_viewport_size(window(width))
            page.emulate_media(color_scheme="light")
            light = pages.violations(page)
            faults += [f"{address}, {width} px, light: {fault}" for fault in light]
            page.emulate_media(color_scheme="dark")  # only the colours differ
            dark = pages.violations(page, pages.AXE_COLOR_OPTIONS)
            faults += [f"{address}, {width} px, dark: {fault}" for fault in dark]
    assert not faults, "\n".join(faults)


def test_everything_that_staff_may_add_fits_and_is_accessible(site, new_context):
    pages.add_optional_content()
    page, faults = new_context(viewport=window(320)).new_page(), []
    for address in pages.added_addresses("en"):
        page.goto(site + address)
        pages.ready_for_axe(page)
        for width in (320, 768, 1280) if settings.IN_CI else (320,):
            page.set_viewport_size(window(width))
            faults += [f"{address}, {width} px: {fault}" for fault in pages.faults(page)]
    assert not faults, "\n".join(faults)


def test_a_table_of_many_columns_scrolls_beside_its_names(site, new_context):
    pages.add_optional_content()
    page = new_context(viewport=window(320)).new_page()
    page.goto(f"{site}/regionplan/2022-2099/budget-2022/")
    box = page.locator(".bars-box--wide")
    box.focus()
    name = box.locator("tbody th").first
    before = name.bounding_box()["x"]
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")
    assert name.bounding_box()["x"] == before
    assert before + name.bounding_box()["width"] < 200  # which leaves room for an amount
    assert page.evaluate("() => document.documentElement.scrollWidth") == 320


def test_amounts_beside_each_other_do_not_look_like_one(site, new_context):
    """The gap between 1 332 and 188 is more than three times the space between thousands."""
    budget = make_budget(make_plan(2026, 2028), 2026)
    columns = [("budget", 2026), ("plan", 2027), ("plan", 2028)]
    make_table(budget, [("result", ["1332", "188", "38"])], columns, decimals=0)
    page = new_context(viewport=window(1280)).new_page()
    page.goto(site + budget.get_absolute_url())
    gap, space = page.locator(".bars__result").evaluate(
        """row => {
            const range = document.createRange();
            const [first, second] = [...row.querySelectorAll("td")].map(cell => {
                range.selectNodeContents(cell);
                return range.getBoundingClientRect();
            });
            const text = row.querySelector("td").firstChild;
            const start = text.data.indexOf("\u00a0");
            range.setStart(text, start);
            range.setEnd(text, start + 1);
            return [second.left - first.right, range.getBoundingClientRect().width];
        }"""
    )
    assert gap > 3 * space > 0


def test_an_opened_sum_leaves_its_bar_in_place(site, new_context):
    page = new_context(viewport=window(1280)).new_page()
    page.goto(site + pages.budget_address("sv"))
    row = page.locator(".bars__result", has=page.locator("details"))
    place = (
        "row => row.querySelector('rect').getBoundingClientRect().y - row.getBoundingClientRect().y"
    )
    before = row.evaluate(place)
    row.locator("summary").click()
    assert row.get_by_text("59,4 räknat, 59,3 beslutat").is_visible()
    assert row.evaluate(place) == pytest.approx(before, abs=0.5)
    assert page.evaluate(pages.SPILLED) == []
    page.emulate_media(media="print")
    assert page.evaluate(pages.SPILLED) == []


def test_a_wide_table_scrolls_by_keyboard_and_the_page_does_not(site, new_context):
    cells = "<td>Upphandlingssamordning</td>" * 4
    make_page("tabell", body_sv=f"<table><tr><th>Ansvarsområde</th>{cells}</tr></table>")
    page = new_context(viewport=window(320)).new_page()
    page.goto(f"{site}/tabell/")
    table = page.get_by_role("region", name="Tabell 1")
    table.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")
    assert page.evaluate("() => document.documentElement.scrollWidth") == 320
    pages.ready_for_axe(page)
    assert pages.violations(page) == []


def test_pages_lose_nothing_at_400_percent_zoom(site, new_context):
    """A window of 1280 by 1024 at 400 %, in which fixed and sticky elements would hide the content."""
    page, faults = new_context().new_page(), []
    for address in pages.addresses_of_each_kind("sv"):
        page.set_viewport_size(window(1280, 1024))
        page.goto(site + address)
        # The labels of an axis are decoration, which narrow windows leave out.
        page.evaluate("() => document.querySelectorAll('svg text').forEach(e => e.remove())")
        text = page.inner_text("main")
        page.set_viewport_size(window(320, 256))
        assert page.inner_text("main") == text, address
        stays = page.evaluate(
            """() => [...document.querySelectorAll("*")].filter(e =>
              ["fixed", "sticky"].includes(getComputedStyle(e).position)).map(e => e.className)"""
        )
        faults += [f"{address}: {fault}" for fault in page.evaluate(pages.SPILLED) + stays]
    assert not faults, "\n".join(faults)


@in_both_languages
def test_pages_have_room_for_a_readers_own_spacing(site, new_context, language):
    """WCAG 1.4.12. The test's styles, unlike a reader's own, need the page's policy to be bypassed."""
    page, faults = new_context(bypass_csp=True).new_page(), []
    for address in pages.addresses_of_each_kind(language):
        page.goto(site + address)
        page.add_style_tag(
            content="* { line-height: 1.5 !important; letter-spacing: 0.12em !important;"
            " word-spacing: 0.16em !important; } p { margin-block-end: 2em !important; }"
        )
        for width in (320, 1280):
            page.set_viewport_size(window(width))
            faults += [f"{address}, {width} px: {fault}" for fault in page.evaluate(pages.SPILLED)]
    assert not faults, "\n".join(faults)


# --- Browsers --------------------------------------------------------------------------------------


@in_both_languages
def test_pages_need_no_script_no_other_host_and_no_storage(site, new_context, language):
    """Same text without JavaScript, no requests to other hosts, no storage, and a silent console."""
    context = new_context()
    page, here, faults = context.new_page(), "", []
    without = new_context(java_script_enabled=False).new_page()

    def note_message(message):
        # Chromium itself logs the 404 of the missing page.
        if not (here == pages.NOT_FOUND[language] and "status of 404" in message.text):
            faults.append(f"{here} says {message.text}")

    def note_request(request):
        if urlsplit(request.url).netloc != urlsplit(site).netloc:
            faults.append(f"{here} asks for {request.url}")

    context.on("console", note_message)
    context.on("weberror", lambda error: faults.append(f"{here} fails: {error.error}"))
    context.on("request", note_request)
    for here in pages.every_address(language):
        page.goto(site + here)
        without.goto(site + here)
        assert without.inner_text("body") == page.inner_text("body"), here
        stored = page.evaluate(
            "async () => [...Object.keys(localStorage), ...Object.keys(sessionStorage),"
            " ...await indexedDB.databases(), ...await caches.keys()]"
        )
        faults += [f"{here} stores {item}" for item in stored]
    assert not faults, "\n".join(faults)
    assert context.cookies() == []


# The texts and lines that don't differ from their background, as strings.
UNSEEN = """() => {
  const channels = color => color.match(/[0-9.]+/g).map(Number);
  const luminance = color => {
    const [r, g, b] = channels(color).slice(0, 3)
      .map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const behind = e => {
    while (channels(getComputedStyle(e).backgroundColor)[3] === 0) e = e.parentElement;
    return getComputedStyle(e).backgroundColor;
  };
  const faults = [];
  for (const e of document.querySelectorAll("body *:not(title)")) {
    if (!e.checkVisibility()) continue;
    const style = getComputedStyle(e);
    const says = [...e.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    const bar = e.matches(".bars rect:not(.track, .slot, .dashed)");
    const color = e instanceof SVGElement ? style.fill : style.color;
    if ((says || bar) && contrast(color, behind(e)) < (says ? 4.5 : 3))
      faults.push(`${e.tagName}.${e.getAttribute("class")} is ${color} on ${behind(e)}`);
    if (e.matches("button, textarea") && parseFloat(style.borderTopWidth) < 1)
      faults.push(`${e.tagName} has no border`);
  }
  return faults;
}"""


def test_pages_keep_everything_in_the_readers_own_colours(site, new_context):
    page, faults = new_context(viewport=window(320)).new_page(), []
    for address in pages.addresses_of_each_kind("sv"):
        page.emulate_media(forced_colors="none")
        page.goto(site + address)
        text = page.inner_text("main")
        for scheme in ("light", "dark"):
            page.emulate_media(forced_colors="active", color_scheme=scheme)
            assert page.inner_text("main") == text, address
            seen = page.evaluate(pages.SPILLED) + page.evaluate(UNSEEN)
            faults += [f"{address}, {scheme}: {fault}" for fault in seen]
    assert not faults, "\n".join(faults)


def test_pages_respect_reduced_motion(site, new_context):
    page, faults = new_context(reduced_motion="reduce").new_page(), []
    for address in pages.addresses_of_each_kind("sv"):
        page.goto(site + address)
        moving = page.evaluate(
            """() => [...document.querySelectorAll("*")].flatMap(e =>
              [null, "::before", "::after"].map(part => getComputedStyle(e, part)).filter(style =>
                style.scrollBehavior !== "auto" || style.animationName !== "none"
                || !/^0s(, 0s)*$/.test(style.transitionDuration)).map(() => e.outerHTML))"""
        )
        faults += [f"{address}: {part[:80]}" for part in moving]
    assert not faults, "\n".join(faults)
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "smooth"


# --- Paper -----------------------------------------------------------------------------------------


def test_pages_print_without_interactive_elements(site, new_context):
    page = new_context().new_page()
    for address in pages.addresses_of_each_kind("sv"):
        page.emulate_media(media="screen")
        page.goto(site + address)
        useless = page.locator("nav, .feedback, .actions, .contents, .skip-link, button")
        useless = useless.filter(visible=True)
        assert useless.count() >= 3
        page.emulate_media(media="print")
        # On the thanks page, the form in use is printed.
        assert useless.count() == page.locator(".message button").count(), address
        assert page.locator("h1").is_visible()
        spelled = page.evaluate(
            """() => [...document.querySelectorAll("main a[href]:not([href^='#'])")]
              .filter(a => a.checkVisibility())
              .filter(a => !getComputedStyle(a, "::after").content.includes(a.getAttribute("href")))
              .map(a => a.outerHTML)"""
        )
        assert spelled == [], address


def test_paper_is_light_in_dark_mode(site, new_context):
    page = new_context(color_scheme="dark").new_page()
    colors = """[document.documentElement, document.querySelector(".hero"), document.querySelector("h1")]
      .map(e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor])"""
    page.goto(site)
    on_screen = page.evaluate(colors)
    page.emulate_media(media="print", color_scheme="light")
    light = page.evaluate(colors)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(colors) == light != on_screen


def test_goals_are_not_split_across_pages(site, new_context):
    page = new_context().new_page()
    page.goto(f"{site}/regionplan/")
    page.emulate_media(media="print")
    rules = page.evaluate(
        "[...document.querySelectorAll('.goal')].map(goal => getComputedStyle(goal).breakInside)"
    )
    assert rules == ["avoid"] * 11


# --- The chart -------------------------------------------------------------------------------------


@in_both_languages
@pytest.mark.parametrize("width", [320, 1280])
def test_the_waterfall_shows_the_budget(site, new_context, language, width):
    """Each bar starts where the previous bar ends, and its length is the amount."""
    page = new_context(viewport=window(width)).new_page()
    page.goto(site + pages.budget_address(language))
    table = page.locator(".bars-box .bars")
    bars = table.locator("rect").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().toJSON())"
    )
    lines = list(BudgetLine.objects.all())
    amounts = [float(line.amounts["budget-2019"]) for line in lines]
    with override(language):
        words = [[line.name, amount(line.amounts["budget-2019"])] for line in lines]
    rows = table.locator("tbody tr").evaluate_all(
        """rows => rows.map(row => [row.querySelector(".bars__name"), row.cells[1]])
          .map(cells => cells.map(cell => cell.textContent.trim()))"""
    )
    assert rows == words

    longest = max(range(len(lines)), key=lambda number: abs(amounts[number]))
    scale = bars[longest]["width"] / abs(amounts[longest])
    zero = bars[0]["left"]  # the first item is positive, so its bar starts at zero
    end = zero
    for line, value, bar in zip(lines, amounts, bars, strict=True):
        sides = [bar["left"], bar["right"]]
        start, stop = sides if value > 0 else reversed(sides)
        if line.kind == line.Kind.ITEM:
            assert start == pytest.approx(end, abs=1), line
            end = stop
        elif line.kind == line.Kind.RESULT:
            assert start == pytest.approx(zero, abs=1)
        assert abs(stop - start) == pytest.approx(abs(value) * scale, abs=1)
    assert end == pytest.approx(stop, abs=1)  # the last item ends where the result ends


# --- Weight ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [320, 1280])
def test_a_late_font_does_not_shift_the_start_page(site, new_context, width):
    page = new_context(viewport=window(width)).new_page()
    held = []
    page.route("**/*.woff2", lambda route: held.append(route))
    page.goto(site, wait_until="domcontentloaded")
    page.evaluate(
        """() => new Promise(done => new PerformanceObserver(done)
          .observe({ type: "paint", buffered: true }))"""
    )
    assert [face["status"] for face in figtree(page)] == ["loading"]
    held[0].continue_()
    shift = page.evaluate(
        """async () => {
          await document.fonts.ready;
          for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
          const observer = new PerformanceObserver(() => {});
          observer.observe({ type: "layout-shift", buffered: true });
          return observer.takeRecords().reduce((sum, shift) => sum + shift.value, 0);
        }"""
    )
    assert [face["status"] for face in figtree(page)] == ["loaded"]
    assert shift < 0.02
    assert urlsplit(held[0].request.url).netloc == urlsplit(site).netloc


def figtree(page):
    return page.evaluate(
        """[...document.fonts].filter(face => face.family === "Figtree")
          .map(face => ({ status: face.status }))"""
    )


def test_a_first_visit_to_the_start_page_is_light(site, new_context):
    """Sizes as served: text in Brotli, fonts as they are."""
    page, responses = new_context().new_page(), []
    page.on("response", lambda response: responses.append(response))
    page.goto(site, wait_until="networkidle")
    sizes = {"text": 0, "rest": 0}
    for response in responses:
        kind = response.headers["content-type"].partition(";")[0]
        if kind in {"text/html", "text/css"}:
            sizes["text"] += len(brotli.compress(response.body(), quality=11))
        else:
            sizes["rest"] += len(response.body())
    assert sorted({urlsplit(response.url).path.rpartition(".")[2] for response in responses}) == [
        "/", "css", "svg", "woff2",
    ]  # fmt: skip
    assert sizes["text"] <= 14_000
    assert sizes["text"] + sizes["rest"] <= 60_000
