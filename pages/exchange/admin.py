"""Admin pages that import and export the parts of a publishable as spreadsheets."""

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.module_loading import import_string
from django.utils.text import capfirst, slugify

from blekinge_site.staff.addresses import admin_address, change_address
from pages.editing.outline import Tool
from pages.editing.permissions import permission_name
from pages.editing.publishing_admin import PublishableAdmin
from pages.exchange.spreadsheets import FORMATS, read_rows

PREVIEW_VALID_SECONDS = 3600
MAX_SIGNED_BYTES = 2_000_000  # Django accepts at most 2.5 MB of form data besides files


class UploadForm(forms.Form):
    """A file to import, and the kind of parts it holds."""

    kind = forms.ChoiceField(label="Vad filen innehåller", widget=forms.RadioSelect)
    rows = forms.FileField(
        label="Fil",
        help_text="Excel (.xlsx), OpenDocument (.ods) eller csv, högst 5 MB och 5 000 rader. "
        "I en arbetsbok läses det blad som var öppet när den sparades.",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.ods,.csv,.txt"}),
    )

    def __init__(self, resources, *args, **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields["kind"]
        field.choices = [(kind, parts_name(resource)) for kind, resource in resources.items()]
        if len(resources) == 1:
            field.initial = next(iter(resources))
            field.widget = forms.HiddenInput()

    def clean_rows(self):
        return read_rows(self.cleaned_data["rows"])


class ConfirmForm(forms.Form):
    """An import to confirm: the rows and the digest of the outcome shown to the user, signed."""

    sealed = forms.CharField(required=False)

    def __init__(self, resources, salt, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.resources, self.salt = resources, salt

    def clean(self):
        try:
            signed_import = signing.loads(
                self.cleaned_data["sealed"], salt=self.salt, max_age=PREVIEW_VALID_SECONDS
            )
        except signing.BadSignature as error:
            raise ValidationError("Granskningen gäller inte längre. Välj filen igen.") from error
        if signed_import["kind"] not in self.resources:
            raise ValidationError("Du får inte importera det som filen innehåller.")
        return signed_import


def parts_name(resource):
    """Return the Swedish plural name of the parts of `resource`."""
    return capfirst(resource._meta.model._meta.verbose_name_plural)


class ExchangeAdmin(PublishableAdmin):
    """The admin of a publishable whose parts can be imported and exported."""

    # Dotted paths of PartResource classes. They are imported on use, as spreadsheet libraries load slowly.
    resources = []

    def get_urls(self):
        export = "<int:pk>/exportera/<slug:kind>.<slug:extension>"
        return [
            self.page_pattern("<int:pk>/importera/", self.import_view, "import"),
            self.page_pattern(export, self.export_view, "export"),
            *super().get_urls(),
        ]

    def tools(self, request, publishable):
        address = admin_address(publishable, "import", publishable.pk)
        exchange = Tool("table", "Importera och exportera", address, "Excel")
        return [exchange, *super().tools(request, publishable)]

    def resources_for(self, user, *actions):
        """Return `{slug: resource}` for the parts on which `user` has permission for all `actions`."""
        return {
            resource.slug: resource
            for resource in map(import_string, self.resources)
            if user.has_perms(permission_name(action, resource._meta.model) for action in actions)
        }

    def export_view(self, request, pk, kind, extension):
        """Send all parts of one kind as a file."""
        publishable = get_object_or_404(self.model, pk=pk)
        if not self.has_view_permission(request, publishable):
            raise PermissionDenied
        resources = self.resources_for(request.user, "view")
        if kind not in resources or extension not in FORMATS:
            raise Http404
        write, content_type = FORMATS[extension]
        name = slugify(f"{kind} {publishable}".replace("\N{EN DASH}", "-"))
        return HttpResponse(
            write(resources[kind](publishable).export_parts()),
            content_type=content_type,
            headers={
                "Content-Disposition": content_disposition_header(True, f"{name}.{extension}")
            },
        )

    @transaction.atomic
    def import_view(self, request, pk):
        """Show the changes that an uploaded file would make, and make them once they are confirmed."""
        publishable = get_object_or_404(self.model.objects.select_for_update(), pk=pk)
        if not self.has_view_permission(request, publishable):
            raise PermissionDenied
        may_import = self.has_change_permission(request, publishable)
        resources = self.resources_for(request.user, "add", "change") if may_import else {}
        upload = submitted = UploadForm(resources)
        if request.method == "POST":
            if not resources:
                raise PermissionDenied
            # A signature is valid only for this user and this publishable.
            salt = f"import:{self.opts.label}:{pk}:{request.user.pk}"
            if "sealed" in request.POST:
                submitted = ConfirmForm(resources, salt, request.POST)
            else:
                upload = submitted = UploadForm(resources, request.POST, request.FILES)
            if submitted.is_valid():
                try:
                    return self.import_or_preview(
                        request, publishable, resources, salt, **submitted.cleaned_data
                    )
                except ValidationError as error:
                    submitted.add_error(None, error)
        context = self.page_context(request, publishable)
        context |= self.copy_context(request, publishable) | {
            "upload": upload,
            "sent": submitted,
            "importable": [self.describe(resource) for resource in resources.values()],
            "exports": self.exports(request.user, publishable),
        }
        return render(request, "admin/exchange.html", context)

    def import_or_preview(self, request, publishable, resources, salt, kind, rows, expected=None):
        """Import `rows` if their outcome has the digest `expected`, which the user has confirmed.

        Otherwise undo the import and show its outcome. Returns the response.
        """
        resource = resources[kind](publishable)
        with transaction.atomic():
            outcome = resource.import_rows(rows)
            if outcome.digest != expected:
                transaction.set_rollback(True)
        parts_label = parts_name(resource)
        if outcome.digest == expected:
            publishable.touch()
            message = f"{parts_label} importerade: {outcome.counts}."
            self.log(request, publishable, message)
            messages.success(request, message)
            return redirect(change_address(publishable))
        confirmation = {"kind": kind, "rows": rows, "expected": outcome.digest}
        sealed = signing.dumps(confirmation, salt=salt, compress=True)
        if len(sealed) > MAX_SIGNED_BYTES:
            raise ValidationError("Filen innehåller för mycket text. Dela den i flera.")
        context = self.page_context(request, publishable) | {
            "title": "Granska filen",
            "parts": parts_label,
            "outcome": outcome,
            "sealed": sealed,
            "has_differed": expected is not None,
        }
        return render(request, "admin/exchange_preview.html", context)

    def page_context(self, request, publishable):
        return self.admin_site.each_context(request) | {
            "title": "Importera och exportera",
            "original": publishable,
            "opts": self.opts,
            "address": change_address(publishable),
            "import_address": admin_address(publishable, "import", publishable.pk),
        }

    def describe(self, resource):
        """Describe a file to import: `(name of parts, required headings, optional headings, help text)`."""
        required, optional = [], []
        for column in resource.fields.values():
            headings = required if column.required else optional
            headings.append(column.column_name)
        return parts_name(resource), ", ".join(required), ", ".join(optional), resource.help_text

    def exports(self, user, publishable):
        """Return the files to export: `[(name of the parts, [(extension, address), …]), …]`."""
        return [
            (
                parts_name(resource),
                [
                    (
                        extension,
                        admin_address(publishable, "export", publishable.pk, kind, extension),
                    )
                    for extension in FORMATS
                ],
            )
            for kind, resource in self.resources_for(user, "view").items()
        ]
