"""The public pages as they are read: on every screen, in every light, with much or little to read with."""

from urllib.parse import urlsplit

import brotli
import pytest
from django.conf import settings
from django.utils.translation import override

from blekinge_site.formats import amount
from planning.models import BudgetLine
from tests.browser import pages
from tests.factories import make_page

in_both_languages = pytest.mark.parametrize("language", pages.LANGUAGES)


def window(width, height=800):
    return {"width": width, "height": height}


# --- Screens ---------------------------------------------------------------------------------------


@in_both_languages
def test_pages_fit_and_are_accessible_on_every_screen_in_light_and_dark(
    site, new_context, language
):
    page, found = new_context().new_page(), []
    for address in pages.every_address(language):
        page.goto(site + address)
        pages.ready_for_axe(page)
        for width in (320, 768, 1280):
            page.set_viewport_size(window(width))
            page.emulate_media(color_scheme="light")
            whole = width == 320 or settings.IN_CI
            options = pages.AXE_OPTIONS if whole else pages.AXE_LAYOUT_OPTIONS
            light = pages.faults(page, options)
            found += [f"{address}, {width} px, light: {fault}" for fault in light]
            page.emulate_media(color_scheme="dark")  # which changes colours only
            dark = pages.violations(page, pages.AXE_COLOR_OPTIONS)
            found += [f"{address}, {width} px, dark: {fault}" for fault in dark]
    assert not found, "\n".join(found)


def test_what_staff_may_add_fits_and_is_accessible(site, new_context):
    pages.add_what_staff_may_add()
    page, found = new_context(viewport=window(320)).new_page(), []
    for address in pages.added_addresses("en"):
        page.goto(site + address)
        pages.ready_for_axe(page)
        found += [f"{address}: {fault}" for fault in pages.faults(page)]
    assert not found, "\n".join(found)


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


def test_pages_lose_nothing_at_four_times_the_size(site, new_context):
    """A window of 1280 by 1024 at 400 %; what stays in place there would hide the rest."""
    page, found = new_context().new_page(), []
    for address in pages.one_of_each_kind("sv"):
        page.set_viewport_size(window(1280, 1024))
        page.goto(site + address)
        said = page.inner_text("main")
        page.set_viewport_size(window(320, 256))
        assert page.inner_text("main") == said, address
        stays = page.evaluate(
            """() => [...document.querySelectorAll("*")].filter(e =>
              ["fixed", "sticky"].includes(getComputedStyle(e).position)).map(e => e.className)"""
        )
        found += [f"{address}: {fault}" for fault in page.evaluate(pages.SPILLED) + stays]
    assert not found, "\n".join(found)


@in_both_languages
def test_pages_leave_room_for_a_readers_own_spacing(site, new_context, language):
    """WCAG 1.4.12; a reader's own style is not held back by the site's policy as a test's would be."""
    page, found = new_context(bypass_csp=True).new_page(), []
    for address in pages.one_of_each_kind(language):
        page.goto(site + address)
        page.add_style_tag(
            content="* { line-height: 1.5 !important; letter-spacing: 0.12em !important;"
            " word-spacing: 0.16em !important; } p { margin-block-end: 2em !important; }"
        )
        for width in (320, 1280):
            page.set_viewport_size(window(width))
            found += [f"{address}, {width} px: {fault}" for fault in page.evaluate(pages.SPILLED)]
    assert not found, "\n".join(found)


# --- Browsers --------------------------------------------------------------------------------------


@in_both_languages
def test_pages_need_no_script_no_other_host_and_no_memory(site, new_context, language):
    """The same words without JavaScript; nothing asked elsewhere, nothing stored, a silent console."""
    context = new_context()
    page, here, found = context.new_page(), "", []
    without = new_context(java_script_enabled=False).new_page()

    def note_message(message):
        # Chromium itself notes the status of the page that does not exist.
        if not (here == pages.NOT_FOUND[language] and "status of 404" in message.text):
            found.append(f"{here} says {message.text}")

    def note_request(request):
        if urlsplit(request.url).netloc != urlsplit(site).netloc:
            found.append(f"{here} asks for {request.url}")

    context.on("console", note_message)
    context.on("weberror", lambda error: found.append(f"{here} fails: {error.error}"))
    context.on("request", note_request)
    for here in pages.every_address(language):
        page.goto(site + here)
        without.goto(site + here)
        assert without.inner_text("body") == page.inner_text("body"), here
        stored = page.evaluate(
            "async () => [...Object.keys(localStorage), ...Object.keys(sessionStorage),"
            " ...await indexedDB.databases(), ...await caches.keys()]"
        )
        found += [f"{here} stores {thing}" for thing in stored]
    assert not found, "\n".join(found)
    assert context.cookies() == []


# What cannot be told from what is behind it: a list of strings.
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
    const bar = e.matches(".waterfall rect");
    const color = e instanceof SVGElement ? style.fill : style.color;
    if ((says || bar) && contrast(color, behind(e)) < (says ? 4.5 : 3))
      faults.push(`${e.tagName}.${e.getAttribute("class")} is ${color} on ${behind(e)}`);
    if (e.matches("button, textarea") && parseFloat(style.borderTopWidth) < 1)
      faults.push(`${e.tagName} has no border`);
  }
  return faults;
}"""


def test_pages_keep_everything_in_the_readers_own_colours(site, new_context):
    page, found = new_context(viewport=window(320)).new_page(), []
    for address in pages.one_of_each_kind("sv"):
        page.emulate_media(forced_colors="none")
        page.goto(site + address)
        said = page.inner_text("main")
        for scheme in ("light", "dark"):
            page.emulate_media(forced_colors="active", color_scheme=scheme)
            assert page.inner_text("main") == said, address
            seen = page.evaluate(pages.SPILLED) + page.evaluate(UNSEEN)
            found += [f"{address}, {scheme}: {fault}" for fault in seen]
    assert not found, "\n".join(found)


def test_pages_hold_still_for_those_who_ask_for_it(site, new_context):
    page, found = new_context(reduced_motion="reduce").new_page(), []
    for address in pages.one_of_each_kind("sv"):
        page.goto(site + address)
        moving = page.evaluate(
            """() => [...document.querySelectorAll("*")].flatMap(e =>
              [null, "::before", "::after"].map(part => getComputedStyle(e, part)).filter(style =>
                style.scrollBehavior !== "auto" || style.animationName !== "none"
                || !/^0s(, 0s)*$/.test(style.transitionDuration)).map(() => e.outerHTML))"""
        )
        found += [f"{address}: {part[:80]}" for part in moving]
    assert not found, "\n".join(found)
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "smooth"


# --- Paper -----------------------------------------------------------------------------------------


def test_pages_print_without_what_only_a_screen_can_use(site, new_context):
    page = new_context().new_page()
    for address in pages.one_of_each_kind("sv"):
        page.emulate_media(media="screen")
        page.goto(site + address)
        useless = page.locator("nav, .feedback, .actions, .contents, .skip-link, button")
        useless = useless.filter(visible=True)
        assert useless.count() >= 3
        page.emulate_media(media="print")
        # A form that is being filled in is printed whole.
        assert useless.count() == page.locator(".message button").count(), address
        assert page.locator("h1").is_visible()
        spelled = page.evaluate(
            """() => [...document.querySelectorAll("main a[href]:not([href^='#'])")]
              .filter(a => a.checkVisibility())
              .filter(a => !getComputedStyle(a, "::after").content.includes(a.getAttribute("href")))
              .map(a => a.outerHTML)"""
        )
        assert spelled == [], address


def test_paper_is_light_for_those_who_read_in_the_dark(site, new_context):
    page = new_context(color_scheme="dark").new_page()
    colors = """[document.documentElement, document.querySelector(".hero"), document.querySelector("h1")]
      .map(e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor])"""
    page.goto(site)
    on_screen = page.evaluate(colors)
    page.emulate_media(media="print", color_scheme="light")
    light = page.evaluate(colors)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(colors) == light != on_screen


def test_goals_are_not_broken_over_two_sheets(site, new_context):
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
def test_the_waterfall_shows_what_the_budget_says(site, new_context, language, width):
    """Each bar starts where the one before it ended, and its length is its amount."""
    page = new_context(viewport=window(width)).new_page()
    page.goto(site + pages.budget_address(language))
    lines = list(BudgetLine.objects.all())
    with override(language):
        words = [(line.name, amount(line.amount_msek)) for line in lines]
        words = [(name, figure.replace("\xa0", " ")) for name, figure in words]

    drawn = page.evaluate(
        """() => {
          const box = e => e.getBoundingClientRect().toJSON();
          const chart = document.querySelector(".waterfall svg");
          return {
            chart: box(chart),
            bars: [...chart.querySelectorAll("rect")].map(box),
            texts: [...chart.querySelectorAll("text")].map(text => ({
              ...box(text), said: text.textContent.replaceAll("\\u00a0", " "),
              size: parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a,
            })),
          };
        }"""
    )
    assert [text["said"] for text in drawn["texts"]] == [word for pair in words for word in pair]
    for text in drawn["texts"]:
        assert text["size"] >= 14
        assert drawn["chart"]["left"] - 1 <= text["left"] <= text["right"]
        assert text["right"] <= drawn["chart"]["right"] + 1
        assert drawn["chart"]["top"] <= text["top"] <= text["bottom"] <= drawn["chart"]["bottom"]

    longest = max(range(len(lines)), key=lambda i: abs(lines[i].amount_msek))
    scale = drawn["bars"][longest]["width"] / float(abs(lines[longest].amount_msek))
    nought = drawn["bars"][0]["left"]  # the first item's, which is positive, starts from it
    end = nought
    for line, bar in zip(lines, drawn["bars"], strict=True):
        sides = [bar["left"], bar["right"]]
        start, stop = sides if line.amount_msek > 0 else reversed(sides)
        if line.kind == line.Kind.ITEM:
            assert start == pytest.approx(end, abs=1), line
            end = stop
        elif line.kind == line.Kind.RESULT:
            assert start == pytest.approx(nought, abs=1)
        assert abs(stop - start) == pytest.approx(float(abs(line.amount_msek)) * scale, abs=1)
    assert end == pytest.approx(stop, abs=1)  # the result is what all items lead to

    heard = page.get_by_role("img", name=f"{words[0][0]} {words[0][1]}").aria_snapshot()
    for name, figure in words:
        assert f"{name} {figure}" in heard


# --- Weight ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [320, 1280])
def test_the_start_page_keeps_its_place_when_the_font_comes_late(site, new_context, width):
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
    page, answers = new_context().new_page(), []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(site, wait_until="networkidle")
    sizes = {"text": 0, "rest": 0}
    for answer in answers:
        kind = answer.headers["content-type"].partition(";")[0]
        if kind in {"text/html", "text/css"}:
            sizes["text"] += len(brotli.compress(answer.body(), quality=11))
        else:
            sizes["rest"] += len(answer.body())
    assert sorted({urlsplit(answer.url).path.rpartition(".")[2] for answer in answers}) == [
        "/", "css", "svg", "woff2",
    ]  # fmt: skip
    assert sizes["text"] <= 14_000
    assert sizes["text"] + sizes["rest"] <= 60_000
