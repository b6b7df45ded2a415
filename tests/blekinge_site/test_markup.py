"""Checks of the public HTML and CSS, by the W3C's checker and by our own rules."""

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
    add_optional_content,
    added_addresses,
    every_address,
    thanks_address,
)
from tests.site import public_addresses

ROOT = Path(settings.BASE_DIR)
CSS = ROOT / "static/css"
PUBLIC_CSS = re.findall(r"css/(\w+\.css)", (ROOT / "templates/base.html").read_text())
# Folders of templates for staff, whose pages have another content security policy.
STAFF = {"admin", "account", "allauth", "mfa", "socialaccount"}
PUBLIC_TEMPLATES = [
    path for path in (ROOT / "templates").rglob("*.html") if not STAFF & set(path.parts)
]

# --- The W3C's checker -----------------------------------------------------------------------------


def complaints(*arguments):
    """Return the checker's messages about the files in `arguments` as strings."""
    jar = Path(os.environ.get("VNU_JAR", ROOT / "node_modules/vnu-jar/build/dist/vnu.jar"))
    if shutil.which("java") is None:
        pytest.skip("no Java here: apt-get install default-jre-headless")
    if not jar.exists():
        pytest.skip("no W3C checker here: npm install --no-save vnu-jar, or set VNU_JAR")
    # One quick compiler and one collector, since the checker runs for seconds only. It asks for this stack.
    java = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xss2m"]
    process = subprocess.run(
        [*java, "-jar", jar, "--format", "json", "--exit-zero-always", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        f"{message['url'].rpartition('/')[2]}:{message.get('lastLine')}: {message['message']}"
        f" {message.get('extract', '').strip()}"
        for message in json.loads(process.stderr)["messages"]
    ]


def rendered(client):
    """Return every page that visitors can get, `{name: HTML}`."""
    responses = {}
    for language in LANGUAGES:
        for address in every_address(language):
            responses[address] = client.get(address)
        thanks = thanks_address(language)
        responses[f"{language} too long"] = client.post(thanks, {"message": "å" * 2001})
        responses[f"{language} too late"] = client.post(
            thanks.partition("?")[0], {"message": "<b>\n&amp;"}
        )
    responses["403"] = client.post("/aterkoppling/", headers={"sec-fetch-site": "cross-site"})
    responses["400"] = client.post("/aterkoppling/")
    responses["500"] = server_error(RequestFactory().get("/"))
    later = RequestFactory().post("/?svar=x", {"message": "<b>\n&amp;"})
    responses["503"], responses["429"] = (
        not_now(later, 503, 60),
        not_now(RequestFactory().post("/"), 429, 60),
    )
    errors = ("403", "400", "500", "503", "429")
    assert [str(responses[name].status_code) for name in errors] == list(errors)
    return {name: response.content.decode() for name, response in responses.items()}


@pytest.mark.processes
def test_the_w3c_checker_accepts_the_html(client, content, tmp_path):
    pages = rendered(client)
    add_optional_content()
    for language in LANGUAGES:
        for address in added_addresses(language):
            pages[f"{address}, with more"] = client.get(address).content.decode()
    for number, html in enumerate(pages.values()):
        (tmp_path / f"{number}.html").write_text(html)
    names = list(pages)
    faults = complaints(str(tmp_path))
    faults = [
        re.sub(r"^(\d+)\.html", lambda match: names[int(match[1])], fault) for fault in faults
    ]
    assert not faults, "\n".join(faults)


# CSS that the checker doesn't know yet.
NEWER_THAN_THE_CHECKER = (
    "“field-sizing” doesn't exist",
    "“container” doesn't exist",
    "Unrecognized at-rule “@container”",
    "Cannot invoke",  # it stumbles over light-dark(var(…), var(…))
)


@pytest.mark.processes
def test_the_w3c_checker_accepts_the_css():
    faults = [
        fault
        for fault in complaints("--css", str(CSS))
        if not any(words in fault for words in NEWER_THAN_THE_CHECKER)
    ]
    assert not faults, "\n".join(faults)


# --- CSS -------------------------------------------------------------------------------------------


def css(name):
    """Return the stylesheet `name` without its comments."""
    return re.sub(r"/\*.*?\*/", "", (CSS / name).read_text(), flags=re.DOTALL)


def top_level(text):
    """Return the preludes of the rules at the top level of a stylesheet."""
    preludes, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        if (sign == "{" or sign == ";") and depth == 0:
            preludes.append(text[start:place].strip())
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if sign in ";}" and depth == 0:
            start = place + 1
    return preludes


def test_every_public_stylesheet_is_a_layer_in_order():
    """Unlayered rules override all layers. The admin's stylesheets are unlayered, to override Django's."""
    order = "@layer tokens, base, site, pages, planning, print"
    assert PUBLIC_CSS == [
        "tokens.css",
        "base.css",
        "site.css",
        "pages.css",
        "planning.css",
        "print.css",
    ]
    assert sorted(path.name for path in CSS.glob("*.css")) == sorted(PUBLIC_CSS)
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
    """The content security policy blocks everything inline."""
    assert len(PUBLIC_TEMPLATES) > 20
    for path in PUBLIC_TEMPLATES:
        matches = re.findall(
            r"<style|<script|\sstyle=|\son\w+=|javascript:", path.read_text(), re.I
        )
        assert matches == [], path


# --- HTML ------------------------------------------------------------------------------------------


class Outline(HTMLParser):
    """Parses a page's language, title, headings, ids and links."""

    def __init__(self, html):
        super().__init__()
        self.lang = self.description = None
        self.title, self.headings, self.ids, self.links, self.labels = "", [], [], [], []
        self.in_title = False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attrs = dict(attributes)
        if tag == "html":
            self.lang = attrs["lang"]
        if tag == "meta" and attrs.get("name") == "description":
            self.description = attrs["content"]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in attrs:
            self.ids.append(attrs["id"])
        self.in_title = tag == "title" and not self.title
        self.links += [attrs[name] for name in ("href", "src") if name in attrs]
        for name in ("for", "aria-labelledby", "aria-describedby"):
            self.labels += attrs.get(name, "").split()

    def handle_data(self, data):
        if self.in_title:
            self.title += data

    def handle_endtag(self, tag):
        self.in_title = False


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_has_its_language_headings_title_and_description(client, content, language):
    add_optional_content()
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


def test_every_link_has_a_target(client, content):
    """Each link on a public page gives 200 without a redirect, and each fragment exists as an id."""
    add_optional_content()
    outlines = {
        address: Outline(client.get(address).content.decode())
        for language in LANGUAGES
        for address in every_address(language)
    }
    answered, more = {}, {}
    for address, page in outlines.items():
        assert sorted(set(page.ids)) == sorted(page.ids), address
        assert set(page.labels) <= set(page.ids), address
        for link in page.links:
            target, fragment = urldefrag(urljoin(f"http://testserver{address}", link))
            if not target.startswith("http://testserver/"):
                continue
            target = target.removeprefix("http://testserver")
            if fragment and target not in outlines:  # a budget with the bars of another column
                more[target] = more.get(target) or Outline(client.get(target).content.decode())
            if fragment:
                assert fragment in (outlines | more)[target].ids, (address, link)
            elif target.startswith(settings.STATIC_URL):
                assert finders.find(target.removeprefix(settings.STATIC_URL)), (address, link)
            elif target not in answered:
                answered[target] = client.get(target)
    statuses = {target: response.status_code for target, response in answered.items()}
    assert {target: status for target, status in statuses.items() if status != 200} == {}
    assert sorted(t.rpartition("/")[2] for t in answered if t.endswith(".pdf")) == [
        "2019-2021.pdf", "2019-2021.pdf", "2022-2099.pdf", "2022-2099.pdf",
    ]  # fmt: skip
