"""Admin views that publish and withdraw a version, and share a preview of a draft."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect
from django.utils import timezone

from blekinge_site.formats import MomentField, moment
from blekinge_site.staff.addresses import change_address
from pages.editing.permissions import may_publish
from pages.publishing import preview
from pages.publishing.findings import findings, readability
from pages.publishing.publishable import Status, previewing


class PublishForm(forms.ModelForm):
    """The times when a version is published and unpublished, in Swedish time."""

    class Meta:
        fields = ["publish_at", "unpublish_at"]
        field_classes = dict.fromkeys(fields, MomentField)

    def _update_errors(self, errors):
        # Model errors may concern fields that this form lacks, so all become non-field errors.
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


class PublishingViewsMixin:
    """Publishes, schedules and withdraws a version, and shares links to previews."""

    @transaction.atomic
    def publish_view(self, request, pk):
        """Show the findings; publish, or schedule the publication, unless a finding prevents it."""
        publishable = self.get_version(request, pk, locked=True)
        if not self.has_perm_to_change(request):
            raise PermissionDenied
        latest = publishable.versions().first()
        can_be_published = publishable.pk == latest.pk and not publishable.is_published
        with previewing(publishable):  # so that links to its own new parts work
            all_findings = findings(publishable)
        stops = [finding for finding in all_findings if finding.stops]
        form_class = forms.modelform_factory(self.model, form=PublishForm)
        form = form_class(request.POST or None, instance=publishable)
        if request.method == "POST":
            if not may_publish(request.user, publishable):
                raise PermissionDenied
            if can_be_published and not stops and form.is_valid():
                return self._publish(request, form)
        return self.work_page(
            request,
            "publish",
            publishable,
            "Publicera",
            form=form,
            can_be_published=can_be_published,
            stops=stops,
            advice=[finding for finding in all_findings if not finding.stops],
            may_publish=may_publish(request.user, publishable),
            readability=readability(publishable),
        )

    def _publish(self, request, form):
        publishable = form.instance
        publishable.status = Status.PUBLISHED
        publishable.save()
        if publishable.is_published:
            event = "Publicerade"
            message = f"{publishable} är publicerad."
        else:
            event = f"Planerade publicering {moment(publishable.publish_at)}"
            message = f"{publishable} publiceras {moment(publishable.publish_at)}."
        if publishable.unpublish_at:
            event += f", avpublicering {moment(publishable.unpublish_at)}"
        self.log(request, publishable, event)
        messages.success(request, message)
        return redirect(change_address(publishable))

    @transaction.atomic
    def withdraw_view(self, request, pk):
        """Withdraw a published version, or cancel a scheduled publication, after confirmation."""
        publishable = self.get_version(request, pk, locked=True)
        if not may_publish(request.user, publishable):
            raise PermissionDenied
        scheduled = publishable.versions().filter(publish_at__gt=timezone.now()).first()
        if publishable.is_superseded:
            raise Http404("superseded by a later version")
        if request.method == "POST" and publishable.status == Status.PUBLISHED:
            if publishable.has_been_published:
                publishable.status, event = Status.WITHDRAWN, "Drog tillbaka"
                message = f"{publishable} är tillbakadragen."
            else:
                publishable.status, event = Status.DRAFT, "Avbröt den planerade publiceringen"
                publishable.publish_at = None
                message = "Publiceringen är avbruten."
            publishable.save()
            self.log(request, publishable, event)
            messages.success(request, message)
            return redirect(change_address(publishable))
        title = "Dra tillbaka" if publishable.has_been_published else "Avbryt publiceringen"
        return self.work_page(request, "withdraw", publishable, title, coming=scheduled)

    def share_view(self, request, pk):
        """Show a link that lets anyone who has it preview the draft."""
        publishable = self.get_version(request, pk)
        if publishable.has_been_published:
            return redirect(change_address(publishable))  # already public
        link = request.build_absolute_uri(preview.link_to(publishable))
        return self.work_page(
            request,
            "share",
            publishable,
            "Dela förhandsgranskning",
            link=link,
            days=preview.LINK_DAYS,
        )
