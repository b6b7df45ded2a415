"""Admin pages that import a file in three steps: choose it, review what it changes, and confirm."""

import base64
import zlib

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.http import content_disposition_header
from django.utils.text import slugify

from blekinge_site.staff.addresses import admin_address, change_address
from pages.editing.permissions import permission_name
from pages.exchange.cells import plain
from pages.exchange.sheets import read_file
from pages.publishing import history
from planning.importing.memory import remember

REVIEW_VALID_SECONDS = 3600
MAX_SIGNED_BYTES = 2_000_000  # Django accepts at most 2.5 MB of form data besides files
MAX_CHOICE_LENGTH = 2000
MAX_ROWS_SHOWN = 200
# Inputs of the review that aren't choices about the file.
NOT_CHOICES = {"again", "confirm", "csrfmiddlewaretoken", "fix", "read_sheet", "sealed"}

ALL = "all"  # the value of the button that accepts every proposal

TOO_LARGE = (
    "Filen är för stor för att granskas. Kopiera bladet till en ny fil, utan bilder, och spara den."
)
NO_LONGER_VALID = "Granskningen gäller inte längre. Välj filen igen."


class FileForm(forms.Form):
    """A file to import."""

    file = forms.FileField(
        label="Fil",
        help_text=(
            "Excel (.xlsx), OpenDocument (.ods) eller csv, högst 5 MB. Bladet som var öppet när filen "
            "sparades läses, och det går att byta."
        ),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.ods,.csv,.txt"}),
    )


def sealed(salt, name, content, digest):
    """Return a file and the digest of its review, signed, for a hidden input. Raises ValidationError."""
    text = base64.b64encode(zlib.compress(content)).decode()
    value = signing.dumps(
        {"name": name, "content": text, "digest": digest}, salt=salt, compress=True
    )
    if len(value) > MAX_SIGNED_BYTES:
        raise ValidationError(TOO_LARGE)
    return value


def unsealed(salt, value):
    """Return the name, content and digest in `value`, from `sealed`. Raises ValidationError."""
    try:
        data = signing.loads(value, salt=salt, max_age=REVIEW_VALID_SECONDS)
    except signing.BadSignature as error:
        raise ValidationError(NO_LONGER_VALID) from error
    return data["name"], zlib.decompress(base64.b64decode(data["content"])), data["digest"]


def choices_in(data):
    """Return what staff have chosen in the review: the inputs whose values they have changed.

    An input that holds a guess has a hidden input beside it, with the guess. It is kept out unless its value
    differs, so that another choice can lead to another guess. The button `fix` accepts
    the proposal for a cell.
    """
    if data.get("sheet", "") != data.get("read_sheet", ""):
        return {"sheet": data["sheet"]}
    return {
        name: plain(value)[:MAX_CHOICE_LENGTH]
        for name, value in data.items()
        if name not in NOT_CHOICES
        and not name.startswith("was-")
        and (data.get(f"was-{name}") != value or is_accepted(data.get("fix"), name, value))
    }


def is_accepted(fix, name, value):
    """Tell whether the button `fix` accepts `value`, which the page has proposed for the input `name`."""
    return fix == name or (fix == ALL and name.startswith("cell-") and value.strip())


def read_visible_sheet(content, wanted):
    """Return the Sheet in the file `content`, bytes. Raises ValidationError, also for a hidden sheet."""
    sheet = read_file(ContentFile(content), wanted or None)
    if any(other.name == sheet.name and other.is_hidden for other in sheet.sheets):
        raise ValidationError(f"Bladet ”{sheet.name}” är dolt i filen, och läses därför inte.")
    return sheet


class ImportMixin:
    """Imports files to the objects of an admin class. Subclasses say what a file becomes, and save it."""

    import_kind = ""  # the kind of file whose columns are remembered
    import_models = ()  # the models that an import changes

    def get_urls(self):
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view(self.import_view)
        return [path("<int:pk>/importera/", view, name=f"{name}_import"), *super().get_urls()]

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        if obj is not None:
            context["import_address"] = admin_address(obj, "import", obj.pk)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    # What subclasses define

    def review(self, obj, sheet, choices):
        """Return the Review of importing `sheet` to `obj`."""
        raise NotImplementedError

    def save_review(self, review):
        """Save `review`, and return the object whose page staff come to."""
        raise NotImplementedError

    def import_texts(self, obj):
        """Return the words of the pages by name: `target`, `help`, and the ways `whole` and `only`."""
        raise NotImplementedError

    def import_links(self, obj):
        """Return lists of links for the page of `obj`: `[(name, [(text, address), …]), …]`."""
        return []

    # Views

    def may_import(self, request, obj):
        names = [
            permission_name(action, model)
            for model in self.import_models
            for action in ("add", "change", "delete")
        ]
        return self.has_change_permission(request, obj) and request.user.has_perms(names)

    @transaction.atomic
    def import_view(self, request, pk):
        """Show the page for choosing a file, and the review of one; import it once it is confirmed."""
        obj = get_object_or_404(self.model, pk=pk)
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        form = FileForm()
        if request.method == "POST":
            publishable = obj.publishable().locked()
            obj = get_object_or_404(self.model, pk=pk)
            if not self.may_import(request, obj):
                raise PermissionDenied
            # A signature is valid only for this user and this object.
            salt = f"import:{self.opts.label}:{pk}:{request.user.pk}"
            if "sealed" not in request.POST:
                form = FileForm(request.POST, request.FILES)
            try:
                if "sealed" in request.POST:
                    return self.go_on(request, obj, publishable, salt)
                if form.is_valid():
                    file = form.cleaned_data["file"]
                    # Refuses what is too large before it is read.
                    sheet = read_file(file)
                    file.seek(0)
                    return self.show(request, obj, salt, file.name, file.read(), sheet, {})
            except ValidationError as error:
                form = form if form.is_bound else FileForm({}, {})
                form.errors.clear()
                form.add_error("file", error)
        return self.choose_page(request, obj, form)

    def go_on(self, request, obj, publishable, salt):
        """Import a file that has been reviewed, if that is confirmed and still true; else review it again."""
        name, content, digest = unsealed(salt, request.POST["sealed"])
        choices = choices_in(request.POST)
        sheet = read_visible_sheet(content, choices.get("sheet"))
        is_confirmed = "confirm" in request.POST
        if is_confirmed:
            review = self.review(obj, sheet, choices)
            if review.digest == digest and review.can_be_saved:
                return self.save_import(request, publishable, review)
        return self.show(request, obj, salt, name, content, sheet, choices, is_confirmed)

    def save_import(self, request, publishable, review):
        history.save_first_revision(publishable)
        saved = self.save_review(review)
        remember(self.import_kind, review)
        publishable.touch()
        event = f"Importerade {saved._meta.verbose_name} ”{saved}”: {review.summary}"
        self.log_change(request, saved, event)
        history.save_revision(publishable, request.user, event)
        messages.success(request, f"{saved} är importerad: {review.summary}.")
        return redirect(change_address(saved))

    # Pages

    def show(self, request, obj, salt, name, content, sheet, choices, has_differed=False):
        review = self.review(obj, sheet, choices)
        context = self.import_context(request, obj) | ReviewContext(review, choices).context()
        context |= {
            "title": "Granska filen",
            "file_name": name,
            "has_differed": has_differed,
            "sealed": sealed(salt, name, content, review.digest),
        }
        return render(request, "admin/planning/import_review.html", context)

    def choose_page(self, request, obj, form):
        context = self.import_context(request, obj) | self.copy_context(request, obj)
        context |= {
            "title": "Importera och exportera",
            "form": form,
            "may_import": self.may_import(request, obj),
            "links": self.import_links(obj),
        }
        return render(request, "admin/planning/import_file.html", context)

    def import_context(self, request, obj):
        return self.admin_site.each_context(request) | {
            "texts": self.import_texts(obj),
            "original": obj,
            "opts": self.opts,
            "address": change_address(obj),
            "import_address": admin_address(obj, "import", obj.pk),
        }


class ReviewContext:
    """What the page of a review shows."""

    def __init__(self, review, choices):
        self.review, self.choices = review, choices

    def context(self):
        review, layout = self.review, self.review.layout
        rows = sorted(review.rows, key=lambda row: (not row.needs_staff, bool(not row.errors)))
        changed = [row for row in rows if row.event != "Oförändrad" or row.needs_staff]
        unchanged = [row for row in rows if row.event == "Oförändrad" and not row.needs_staff]
        shown = {row.number for row in [*changed[:MAX_ROWS_SHOWN], *unchanged[:MAX_ROWS_SHOWN]]}
        return {
            "review": review,
            "columns": self.columns(),
            "first_rows": layout.first_rows(),
            "heading_rows": layout.rows_to_choose_from(),
            "sheets": [sheet.name for sheet in layout.sheet.sheets if not sheet.is_hidden],
            "changed": changed[:MAX_ROWS_SHOWN],
            "changed_left_out": len(changed[MAX_ROWS_SHOWN:]),
            "unchanged": unchanged[:MAX_ROWS_SHOWN],
            "unchanged_count": len(unchanged),
            "tallies": self.tallies(),
            "proposal_count": sum(bool(error.proposal) for _row, error in review.cell_errors),
            "kept_choices": self.kept(shown),
            "way": review.way,
        }

    def tallies(self):
        counts = self.review.counts
        words = [
            ("Fel", "fel", "fel"),
            ("Ny", "ny", "nya"),
            ("Ändras", "ändras", "ändras"),
            ("Tas bort", "tas bort", "tas bort"),
            ("Oförändrad", "oförändrad", "oförändrade"),
        ]
        return [
            (event, counts[event], one if counts[event] == 1 else several)
            for event, one, several in words
            if counts[event] or event not in ("Fel", "Tas bort")
        ]

    def columns(self):
        """Return what the page shows of each column of the file, as dicts."""
        layout, choices = self.review.layout, self.choices
        amounts = {column.index: column for column in self.review.amount_columns}
        return [
            {
                "index": index,
                "letter": letter,
                "role": role,
                "is_guess": f"column-{index}" not in choices,
                "is_hidden": index in layout.sheet.hidden_columns,
                "amounts": amounts.get(index),
                "guesses": [
                    (f"{name}-{index}", getattr(amounts[index], attribute))
                    for name, attribute in (
                        ("target", "target"),
                        ("kind-of", "kind"),
                        ("year", "year"),
                        ("last_year", "last_year"),
                        ("heading", "name"),
                    )
                    if index in amounts and f"{name}-{index}" not in choices
                ],
            }
            for index, (letter, role) in enumerate(zip(layout.letters, layout.roles, strict=True))
        ]

    def kept(self, shown):
        """Return the choices that no visible input of the page has, for hidden ones: `[(name, value), …]`."""
        errors = {error.name for row, error in self.review.cell_errors if row.number in shown}
        questions = {question.name for question in self.review.questions}
        questions |= {
            question.name
            for row in self.review.rows
            if row.number in shown
            for question in row.questions
        }
        starts = ("cell-", "kind-", "same-", "title", "table_unit", "decimals", "unit", "separator")
        return [
            (name, value)
            for name, value in self.choices.items()
            if name.startswith(starts)
            and not name.startswith("kind-of-")
            and name not in errors | questions
        ]


def file_response(dataset, name, extension):
    """Return `dataset` as a file to download. `name` is text without the extension."""
    from pages.exchange.spreadsheets import FORMATS

    write, content_type = FORMATS[extension]
    name = slugify(name.replace("\N{EN DASH}", "-"))
    header = content_disposition_header(True, f"{name}.{extension}")
    return HttpResponse(
        write(dataset), content_type=content_type, headers={"Content-Disposition": header}
    )
