"""Submits the pages that review an import, as a browser does."""

from html.parser import HTMLParser

from django.core.files.uploadedfile import SimpleUploadedFile


class _Inputs(HTMLParser):
    """Collects the values of the inputs in the form of the review."""

    def __init__(self):
        super().__init__()
        self.values, self.is_inside, self.select = {}, False, None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.is_inside = attributes.get("class") == "import"
        elif not self.is_inside:
            return
        elif tag == "input":
            if attributes["type"] not in ("radio", "checkbox") or "checked" in attributes:
                self.values[attributes["name"]] = attributes.get("value", "")
        elif tag == "select":
            self.select = attributes["name"]
        elif tag == "option":
            is_first = self.select not in self.values
            if is_first or "selected" in attributes:
                self.values[self.select] = attributes.get("value", "")

    def handle_endtag(self, tag):
        if tag == "form":
            self.is_inside = False


def import_address(obj, page="importera/"):
    return f"/admin/{obj._meta.app_label}/{obj._meta.model_name}/{obj.pk}/{page}"


def upload(client, obj, content, name="fil.csv"):
    """Choose a file to import to `obj`; return the response."""
    content = content if isinstance(content, bytes) else content.encode()
    return client.post(import_address(obj), {"file": SimpleUploadedFile(name, content)})


def inputs_of(response):
    """Return the values that the review in `response` submits if nothing is changed."""
    parser = _Inputs()
    parser.feed(response.content.decode())
    return parser.values


def answer(client, obj, review, **changes):
    """Submit the review with some values changed; return the page that it leads to."""
    return client.post(import_address(obj), inputs_of(review) | changes, follow=True)


def confirm(client, obj, review, **changes):
    return answer(client, obj, review, confirm="ja", **changes)
