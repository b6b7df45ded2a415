"""The base of the admin classes for publishables, and the addresses of their views."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_POST

from blekinge_site.staff.addresses import admin_address, change_address
from pages.desk.cards import list_card
from pages.editing.content_admin import ContentAdmin
from pages.editing.history_views import HistoryViewsMixin
from pages.editing.permissions import may_publish
from pages.editing.publishing_views import PublishingViewsMixin
from pages.publishing import history
from pages.publishing.versions import counterpart, working_copy

PUBLISHING = (
    "Ansvar",
    {"fields": ["responsible", "review_on", "state", ("published_at", "changed_at")]},
)


class PublishableAdmin(PublishingViewsMixin, HistoryViewsMixin, ContentAdmin):
    """The admin of a publishable, with its working copies, publishing and history."""

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

    def desk_card(self, request, owners):
        """Return what the desk shows of this kind of content: a Card and an Offer, or None for either.

        `owners` is a function that returns an Owners.
        """
        return list_card(self, request, owners), None

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
        """Return an admin page for a task on `publishable`, or on the list of them if it is None."""
        context |= self.admin_site.each_context(request) | {
            "title": title,
            "opts": self.opts,
            "original": publishable,
            "address": publishable and change_address(publishable),
        }
        return TemplateResponse(request, f"admin/{template}.html", context)

    def get_version(self, request, pk, *, locked=False):
        """Return the version `pk`; if `locked`, its row is locked until the transaction ends.

        Raises Http404 or PermissionDenied.
        """
        rows = self.model.objects.with_superseded()
        version = get_object_or_404(rows.select_for_update() if locked else rows, pk=pk)
        if not self.has_view_permission(request, version):
            raise PermissionDenied
        return version

    def log(self, request, publishable, event):
        """Record `event`, in Swedish, in the admin's log and in the history of `publishable`."""
        self.log_change(request, publishable, event)
        history.save_revision(publishable, request.user, event)

    @transaction.atomic
    def working_copy_view(self, request, pk):
        """Redirect to the working copy, which is created if needed, at the part in the POST field `del`."""
        published = self.get_version(request, pk, locked=True)
        if not self.has_perm_to_change(request):
            raise PermissionDenied
        latest = published.versions().first()
        copy = working_copy(published)
        if copy.pk != latest.pk:
            self.log(request, copy, "Gjorde en arbetskopia")
            messages.success(
                request, "En arbetskopia är gjord. Besökare ser den inte förrän den publiceras."
            )
        return redirect(change_address(self._requested_part(request, copy) or copy))

    def _requested_part(self, request, copy):
        """Return the counterpart in `copy` of the part that the request names, or None."""
        label, _colon, pk = request.POST.get("del", "").partition(":")
        for model, model_admin in self.admin_site._registry.items():
            if model._meta.label_lower == label and isinstance(model_admin, ContentAdmin):
                part = model.objects.filter(pk=pk).first() if pk.isdecimal() else None
                return part and counterpart(part, copy)
        return None
