"""The admin of what is published as a whole: working copies, publishing, preview links, history."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from blekinge_site.formats import MomentField, moment
from blekinge_site.staff.addresses import admin_address, change_address
from pages.editing.content_admin import ContentAdmin
from pages.editing.permissions import may_publish
from pages.models import Revision
from pages.publishing import history, preview
from pages.publishing.findings import findings, readability
from pages.publishing.publishable import Status, previewing
from pages.publishing.versions import counterpart, working_copy

PUBLISHING = (
    "Ansvar",
    {"fields": ["responsible", "review_on", "state", ("published_at", "changed_at")]},
)


class PublishForm(forms.ModelForm):
    """When a version is published and unpublished, in Swedish time."""

    class Meta:
        fields = ["publish_at", "unpublish_at"]
        field_classes = dict.fromkeys(fields, MomentField)

    def _update_errors(self, errors):
        # They may be about fields that are in other forms than this.
        super()._update_errors(forms.ValidationError(errors.messages))

    def clean_publish_at(self):
        chosen = self.cleaned_data["publish_at"]
        if chosen and chosen <= timezone.now():
            raise forms.ValidationError(
                "Den tiden har varit. Lämna fältet tomt för att publicera nu."
            )
        return chosen

    def clean_unpublish_at(self):
        chosen = self.cleaned_data["unpublish_at"]
        if chosen and chosen <= timezone.now():
            raise forms.ValidationError("Den tiden har varit.")
        return chosen


class PublishableAdmin(ContentAdmin):
    """A plan, a page, the profile: edited as a draft or a working copy, published from a page of its own."""

    readonly_fields = ["state", "published_at", "changed_at"]
    change_list_template = "admin/publishable_list.html"

    def get_urls(self):
        views = {
            "arbetskopia": require_POST(self.working_copy_view),
            "publicera": self.publish_view,
            "dra-tillbaka": self.withdraw_view,
            "dela": self.share_view,
            "jamfor": self.compare_view,
            "aterstall": require_POST(self.restore_view),
        }
        return [
            self.page_pattern("borttaget/", self.deleted_view, "deleted"),
            *(self.page_pattern(f"<int:pk>/{word}/", view, word) for word, view in views.items()),
            *super().get_urls(),
        ]

    def page_pattern(self, route, view, name):
        """Return the URL pattern of an admin page of this model, named as Django names its own."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_{name}"
        return path(route, self.admin_site.admin_view(view), name=name)

    def changelist_view(self, request, extra_context=None):
        may_restore = self.has_perm_to_change(request)
        address = admin_address(self.model, "deleted") if may_restore else None
        return super().changelist_view(
            request, {"deleted_address": address} | (extra_context or {})
        )

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        if obj is not None:
            latest = obj.versions().first()
            context |= {
                "latest": latest,
                "latest_address": change_address(latest),
                "may_publish": may_publish(request.user, obj),
            }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def work_page(self, request, template, publishable, title, **context):
        context |= self.admin_site.each_context(request) | {
            "title": title,
            "opts": self.opts,
            "original": publishable,
            "address": publishable and change_address(publishable),
        }
        return TemplateResponse(request, f"admin/{template}.html", context)

    def _find(self, request, pk, *, locked=False):
        """Return the version `pk`, `locked` until this request's transaction ends."""
        rows = self.model.objects.with_superseded()
        found = get_object_or_404(rows.select_for_update() if locked else rows, pk=pk)
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        return found

    def log(self, request, publishable, event):
        self.log_change(request, publishable, event)
        history.record(publishable, request.user, event)

    # --- Working copies ---

    @transaction.atomic
    def working_copy_view(self, request, pk):
        """Open the working copy, made now if there is none, at the part that `del` names."""
        published = self._find(request, pk, locked=True)
        if not self.has_perm_to_change(request):
            raise PermissionDenied
        latest = published.versions().first()
        copy = working_copy(published)
        if copy.pk != latest.pk:
            self.log(request, copy, "Gjorde en arbetskopia")
            messages.success(
                request, "En arbetskopia är gjord. Besökare ser den inte förrän den publiceras."
            )
        return redirect(change_address(self._part(request, copy) or copy))

    def _part(self, request, copy):
        """Return what the part that the request names is in `copy`, or None."""
        label, _colon, pk = request.POST.get("del", "").partition(":")
        for model, model_admin in self.admin_site._registry.items():
            if model._meta.label_lower == label and isinstance(model_admin, ContentAdmin):
                part = model.objects.filter(pk=pk).first() if pk.isdecimal() else None
                return part and counterpart(part, copy)
        return None

    # --- Publishing ---

    @transaction.atomic
    def publish_view(self, request, pk):
        """Show what checks find; publish now or at a set time, where nothing stops it."""
        publishable = self._find(request, pk, locked=True)
        if not self.has_perm_to_change(request):
            raise PermissionDenied
        latest = publishable.versions().first()
        is_open = publishable.pk == latest.pk and not publishable.is_published
        with previewing(publishable):  # its links to its own new parts are not dead
            found = findings(publishable)
        stops = [finding for finding in found if finding.stops]
        form_class = forms.modelform_factory(self.model, form=PublishForm)
        form = form_class(request.POST or None, instance=publishable)
        if request.method == "POST":
            if not may_publish(request.user, publishable):
                raise PermissionDenied
            if is_open and not stops and form.is_valid():
                return self._publish(request, form)
        return self.work_page(
            request,
            "publish",
            publishable,
            "Publicera",
            form=form,
            is_open=is_open,
            stops=stops,
            advice=[finding for finding in found if not finding.stops],
            may_publish=may_publish(request.user, publishable),
            readability=readability(publishable),
        )

    def _publish(self, request, form):
        publishable = form.instance
        publishable.status = Status.PUBLISHED
        publishable.save()
        if publishable.is_published:
            event = "Publicerade"
            said = f"{publishable} är publicerad."
        else:
            event = f"Planerade publicering {moment(publishable.publish_at)}"
            said = f"{publishable} publiceras {moment(publishable.publish_at)}."
        if publishable.unpublish_at:
            event += f", avpublicering {moment(publishable.unpublish_at)}"
        self.log(request, publishable, event)
        messages.success(request, said)
        return redirect(change_address(publishable))

    @transaction.atomic
    def withdraw_view(self, request, pk):
        """Withdraw what is published, or call off what is to be, when that has been confirmed."""
        publishable = self._find(request, pk, locked=True)
        if not may_publish(request.user, publishable):
            raise PermissionDenied
        coming = publishable.versions().filter(publish_at__gt=timezone.now()).first()
        if publishable.is_superseded:
            raise Http404("replaced by a later version")
        if request.method == "POST" and publishable.status == Status.PUBLISHED:
            if publishable.has_been_published:
                publishable.status, event = Status.WITHDRAWN, "Drog tillbaka"
                said = f"{publishable} är tillbakadragen."
            else:
                publishable.status, event = Status.DRAFT, "Avbröt den planerade publiceringen"
                publishable.publish_at = None
                said = "Publiceringen är avbruten."
            publishable.save()
            self.log(request, publishable, event)
            messages.success(request, said)
            return redirect(change_address(publishable))
        title = "Dra tillbaka" if publishable.has_been_published else "Avbryt publiceringen"
        return self.work_page(request, "withdraw", publishable, title, coming=coming)

    # --- Preview links ---

    def share_view(self, request, pk):
        """Show the link that opens a preview for whoever has it."""
        publishable = self._find(request, pk)
        if publishable.has_been_published:
            return redirect(change_address(publishable))  # everybody may see that one
        link = request.build_absolute_uri(preview.link_to(publishable))
        return self.work_page(
            request, "share", publishable, "Dela förhandsgranskning", link=link, days=preview.DAYS
        )

    # --- History ---

    def history_view(self, request, object_id, extra_context=None):
        """List what has been done to all versions of a thing, to compare any two."""
        if not object_id.isdecimal():
            raise Http404("not the number of a thing")
        publishable = self._find(request, object_id)
        revisions = Revision.objects.of(publishable).select_related("made_by").defer("content")
        return self.work_page(request, "history", publishable, "Historik", revisions=revisions)

    def compare_view(self, request, pk):
        """Show what differs between two revisions, whichever of them was named first."""
        publishable = self._find(request, pk)
        revisions = Revision.objects.of(publishable).select_related("made_by")
        wanted = [request.GET.get(name, "") for name in ("fran", "till")]
        if not all(number.isdecimal() for number in wanted):
            raise Http404("two revisions are compared")
        before, after = sorted(
            (get_object_or_404(revisions, pk=number) for number in wanted),
            key=lambda revision: (revision.made_at, revision.pk),
        )
        return self.work_page(
            request,
            "compare",
            publishable,
            "Jämför",
            before=before,
            after=after,
            differences=history.differences(before.content, after.content),
            may_restore=self.has_perm_to_change(request),
        )

    @transaction.atomic
    def restore_view(self, request, pk):
        """Make the working copy say what a revision did."""
        publishable = self._find(request, pk, locked=True)
        number = request.POST.get("version", "")
        revision = get_object_or_404(
            Revision.objects.of(publishable), pk=number if number.isdecimal() else 0
        )
        return self._restore(request, revision, back=admin_address(self.model, "history", pk))

    def _restore(self, request, revision, back):
        if not self.has_perm_to_change(request):
            raise PermissionDenied
        try:
            restored = history.restore(revision)
        except history.RestoreError as error:
            messages.error(request, str(error))
            return redirect(back)
        self.log(request, restored, f"Återställde innehållet från {moment(revision.made_at)}")
        messages.success(
            request,
            f"Innehållet från {moment(revision.made_at)} är återställt, men inte publicerat.",
        )
        return redirect(change_address(restored))

    @transaction.atomic
    def deleted_view(self, request):
        """List the drafts that have been deleted, the last that each said; bring one back."""
        if not self.has_perm_to_change(request):
            raise PermissionDenied
        there = self.model.objects.first_versions().values("pk")
        of_deleted = Revision.objects.filter(thing_model=self.opts.label_lower).exclude(
            thing_pk__in=there
        )
        last = of_deleted.values("thing_pk").annotate(last=Max("pk")).values("last")
        revisions = of_deleted.filter(pk__in=last).select_related("made_by").defer("content")
        if request.method == "POST":
            number = request.POST.get("version", "")
            revision = get_object_or_404(revisions, pk=number if number.isdecimal() else 0)
            return self._restore(request, revision, back=request.path)
        return self.work_page(request, "deleted", None, "Borttaget", revisions=revisions)
