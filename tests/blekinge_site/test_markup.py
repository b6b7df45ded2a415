"""The HTML and the CSS that visitors get, as text: by the W3C's checker, and by rules of our own."""

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import RequestFactory

from pages.feedback import not_now
from pages.views import server_error
from tests.browser.pages import (
    LANGUAGES,
    NOT_FOUND,
    add_what_staff_may_add,
    added_addresses,
    every_address,
    thanks_address,
)
from tests.site import public_addresses

ROOT = Path(settings.BASE_DIR)
CSS = ROOT / "static/css"
PUBLIC_CSS = re.findall(r"css/(\w+\.css)", (ROOT / "templates/base.html").read_text())
STAFF = {"admin", "account", "allauth", "mfa", "socialaccount"}  # under a policy of their own
PUBLIC_TEMPLATES = [
    path for path in (ROOT / "templates").rglob("*.html") if not STAFF & set(path.parts)
]

# --- The W3C's checker -----------------------------------------------------------------------------


def complaints(*arguments):
    """Return what the checker says about the files that `arguments` name, a string for each."""
    jar = Path(os.environ.get("VNU_JAR", ROOT / "node_modules/vnu-jar/build/dist/vnu.jar"))
    if shutil.which("java") is None:
        pytest.skip("no Java here: apt-get install default-jre-headless")
    if not jar.exists():
        pytest.skip("no W3C checker here: npm install --no-save vnu-jar, or set VNU_JAR")
    ran = subprocess.run(
        ["java", "-jar", jar, "--format", "json", "--exit-zero-always", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        f"{message['url'].rpartition('/')[2]}:{message.get('lastLine')}: {message['message']}"
        f" {message.get('extract', '').strip()}"
        for message in json.loads(ran.stderr)["messages"]
    ]


def rendered(client):
    """Return every page that a visitor may meet, `{name: HTML}`."""
    made = {}
    for language in LANGUAGES:
        for address in every_address(language):
            made[address] = client.get(address)
        thanks = thanks_address(language)
        made[f"{language} too long"] = client.post(thanks, {"message": "å" * 2001})
        made[f"{language} too late"] = client.post(
            thanks.partition("?")[0], {"message": "<b>\n&amp;"}
        )
    made["403"] = client.post("/aterkoppling/", headers={"sec-fetch-site": "cross-site"})
    made["400"] = client.post("/aterkoppling/")
    made["500"] = server_error(RequestFactory().get("/"))
    later = RequestFactory().post("/?svar=x", {"message": "<b>\n&amp;"})
    made["503"], made["429"] = not_now(later, 503, 60), not_now(RequestFactory().post("/"), 429, 60)
    errors = ("403", "400", "500", "503", "429")
    assert [str(made[name].status_code) for name in errors] == list(errors)
    return {name: answer.content.decode() for name, answer in made.items()}


@pytest.mark.processes
def test_html_has_no_fault_that_the_w3c_checker_finds(client, content, tmp_path):
    made = rendered(client)
    add_what_staff_may_add()
    for language in LANGUAGES:
        for address in added_addresses(language):
            made[f"{address}, with more"] = client.get(address).content.decode()
    for number, html in enumerate(made.values()):
        (tmp_path / f"{number}.html").write_text(html)
    names = list(made)
    found = complaints(str(tmp_path))
    found = [re.sub(r"^(\d+)\.html", lambda match: names[int(match[1])], fault) for fault in found]
    assert not found, "\n".join(found)


# Properties of today's CSS that the checker takes for mistakes.
NEWER_THAN_THE_CHECKER = ("“field-sizing” doesn't exist", "“paint-order” doesn't exist")


@pytest.mark.processes
def test_css_has_no_fault_that_the_w3c_checker_finds():
    found = [
        fault
        for fault in complaints("--css", str(CSS))
        if not any(words in fault for words in NEWER_THAN_THE_CHECKER)
    ]
    assert not found, "\n".join(found)


# --- CSS -------------------------------------------------------------------------------------------


def css(name):
    """Return the stylesheet `name` without its comments."""
    return re.sub(r"/\*.*?\*/", "", (CSS / name).read_text(), flags=re.DOTALL)


def top_level(text):
    """Return the beginnings of what stands at the outermost level of a stylesheet, a list."""
    found, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        if (sign == "{" or sign == ";") and depth == 0:
            found.append(text[start:place].strip())
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if sign in ";}" and depth == 0:
            start = place + 1
    return found


def test_every_public_stylesheet_is_a_layer_in_the_one_order():
    """What is in no layer beats all that is. The admin's own is in none: it is to beat Django's."""
    order = "@layer tokens, base, site, pages, planning, print"
    assert PUBLIC_CSS == [
        "tokens.css",
        "base.css",
        "site.css",
        "pages.css",
        "planning.css",
        "print.css",
    ]
    assert sorted(path.name for path in CSS.glob("*.css")) == sorted([*PUBLIC_CSS, "admin.css"])
    for name in PUBLIC_CSS:
        first = [order] if name == "tokens.css" else []
        assert top_level(css(name)) == [*first, f"@layer {name.removesuffix('.css')}"], name


def test_every_custom_property_is_defined_and_every_token_used():
    used, defined = set(), set()
    for name in PUBLIC_CSS:
        here = set(re.findall(r"(--[\w-]+)\s*:", css(name)))
        wanted = set(re.findall(r"var\(\s*(--[\w-]+)", css(name)))
        defined |= here if name == "tokens.css" else set()
        assert wanted <= defined | here, name
        used |= wanted
    assert used >= defined


def test_palette_stays_in_tokens():
    palette = set(re.findall(r"(--(?!color-)[\w-]+): #", css("tokens.css")))
    assert {"--sea-900", "--ink"} <= palette
    for name in set(PUBLIC_CSS) - {"tokens.css"}:
        assert not palette & set(re.findall(r"--[\w-]+", css(name))), name
        assert not re.search(r"#[0-9a-f]{3,8}\b|rgb|hsl", css(name)), f"{name} names a colour"


def test_templates_hold_no_style_and_no_script():
    """The site's policy lets nothing inline run."""
    assert len(PUBLIC_TEMPLATES) > 20
    for path in PUBLIC_TEMPLATES:
        found = re.findall(r"<style|<script|\sstyle=|\son\w+=|javascript:", path.read_text(), re.I)
        assert found == [], path


# --- HTML ------------------------------------------------------------------------------------------


class Outline(HTMLParser):
    """What a page says of itself, and where it leads."""

    def __init__(self, html):
        super().__init__()
        self.lang = self.description = None
        self.title, self.headings, self.ids, self.links, self.labels = "", [], [], [], []
        self.in_title = False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "html":
            self.lang = given["lang"]
        if tag == "meta" and given.get("name") == "description":
            self.description = given["content"]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in given:
            self.ids.append(given["id"])
        self.in_title = tag == "title" and not self.title
        self.links += [given[name] for name in ("href", "src") if name in given]
        for name in ("for", "aria-labelledby", "aria-describedby"):
            self.labels += given.get(name, "").split()

    def handle_data(self, data):
        if self.in_title:
            self.title += data

    def handle_endtag(self, tag):
        self.in_title = False


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_in_its_language_and_says_what_it_is(client, content, language):
    add_what_staff_may_add()
    titles = []
    for address in [*public_addresses(language), NOT_FOUND[language]]:
        page = Outline(client.get(address).content.decode())
        assert page.lang == language, address
        assert page.headings.count(1) == 1, address
        assert page.headings[0] == 1, address
        for above, heading in zip(page.headings, page.headings[1:], strict=False):
            assert heading <= above + 1, (address, page.headings)
        assert page.title.endswith(" – Region Blekinge"), address
        assert page.description or address == NOT_FOUND[language], address
        titles.append(page.title)
    assert sorted(set(titles)) == sorted(titles)


def test_every_link_leads_somewhere(client, content):
    """Every address on our own pages is answered at once, and every place within a page is there."""
    add_what_staff_may_add()
    outlines = {
        address: Outline(client.get(address).content.decode())
        for language in LANGUAGES
        for address in every_address(language)
    }
    answered = {}
    for address, page in outlines.items():
        assert sorted(set(page.ids)) == sorted(page.ids), address
        assert set(page.labels) <= set(page.ids), address
        for link in page.links:
            target, place = urldefrag(urljoin(f"http://testserver{address}", link))
            if not target.startswith("http://testserver/"):
                continue
            target = target.removeprefix("http://testserver")
            if place:
                assert place in outlines[target].ids, (address, link)
            elif target.startswith(settings.STATIC_URL):
                assert finders.find(target.removeprefix(settings.STATIC_URL)), (address, link)
            elif target not in answered:
                answered[target] = client.get(target)
    statuses = {target: answer.status_code for target, answer in answered.items()}
    assert {target: status for target, status in statuses.items() if status != 200} == {}
    assert sorted(t.rpartition("/")[2] for t in answered if t.endswith(".pdf")) == [
        "2019-2021.pdf", "2019-2021.pdf", "2022-2099.pdf", "2022-2099.pdf",
    ]  # fmt: skip
