"""The base of the admin classes for publishables, and the addresses of their views."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.text import capfirst
from django.views.decorators.http import require_POST

from blekinge_site.staff.addresses import admin_address, change_address
from pages.desk.cards import list_card
from pages.editing.content_admin import ContentAdmin
from pages.editing.history_views import HistoryViewsMixin
from pages.editing.outline import Tool, row_address
from pages.editing.permissions import is_open, may_publish
from pages.editing.publishing_views import PublishingViewsMixin
from pages.models import Revision
from pages.publishing import history
from pages.publishing.publishable import Status
from pages.publishing.versions import counterpart, fetch_with_parts, working_copy

PUBLISHING = (
    "Ansvar",
    {"fields": ["responsible", "review_on", "state", ("published_at", "changed_at")]},
)


class PublishableAdmin(PublishingViewsMixin, HistoryViewsMixin, ContentAdmin):
    """The admin of a publishable, with its working copies, publishing and history."""

    readonly_fields = ["state", "published_at", "changed_at"]
    change_list_template = "admin/publishable_list.html"

    def hidden_fields(self, request, obj):
        # The page of a draft or a working copy shows its state above the form.
        shown = set(PublishableAdmin.readonly_fields) if obj is None or is_open(obj) else set()
        return super().hidden_fields(request, obj) | shown

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
        if obj is not None and not is_open(obj):
            context |= {
                "tools": self.tools(request, obj.versions().with_superseded().get(pk=obj.pk)),
                "latest": obj.versions().first(),
                "copy_tools": self.copy_tools(request, obj),
                "summary": self.outline_sections(fetch_with_parts(obj))[1:],
            }
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def outline_context(self, request, publishable):
        """Return what the outline of `publishable` shows besides its parts, for the template's context."""
        last = Revision.objects.of(publishable).select_related("made_by").defer("content").first()
        return {
            "tools": self.tools(request, publishable),
            "last_revision": last,
            "list_address": admin_address(self.model, "changelist"),
            "list_name": capfirst(self.opts.verbose_name_plural),
            "may_publish": may_publish(request.user, publishable),
            "publish_address": admin_address(publishable, "publicera", publishable.pk),
        }

    def tools(self, request, publishable):
        """Return what the user can do with `publishable` besides editing and publishing it, as Tools."""
        pk = publishable.pk
        count = Revision.objects.of(publishable).count()
        changes = "1 ändring" if count == 1 else f"{count} ändringar"
        tools = [Tool("history", "Historik", admin_address(publishable, "history", pk), changes)]
        if is_open(publishable):
            share = admin_address(publishable, "dela", pk)
            tools.insert(0, Tool("link", "Dela förhandsgranskning", share))
            if self.has_delete_permission(request, publishable):
                name = "Ta bort arbetskopian" if publishable.version > 1 else "Ta bort utkastet"
                tools.append(Tool("delete", name, admin_address(publishable, "delete", pk)))
        elif self.may_be_withdrawn(publishable) and may_publish(request.user, publishable):
            name = "Dra tillbaka" if publishable.has_been_published else "Avbryt publiceringen"
            tools.append(Tool("undo", name, admin_address(publishable, "dra-tillbaka", pk)))
        return tools

    def may_be_withdrawn(self, publishable):
        is_latest = not getattr(publishable, "is_superseded", False)
        return publishable.status == Status.PUBLISHED and is_latest

    def copy_tools(self, request, publishable):
        """Return the Tools, on the page of something published, that start something new from it."""
        return []

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
        """Redirect to the working copy, which is created if needed, at the part in the POST field `del`.

        With `page=import`, redirect to its page for importing files.
        """
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
        part = self._requested_part(request, copy)
        target = part or copy
        imports = hasattr(self.admin_site.get_model_admin(type(target)), "import_view")
        if imports and request.POST.get("page") == "import":
            return redirect(admin_address(target, "import", target.pk))
        return redirect(row_address(part) if part else change_address(copy))

    def _requested_part(self, request, copy):
        """Return the counterpart in `copy` of the part that the request names, or None."""
        label, _colon, pk = request.POST.get("del", "").partition(":")
        for model, model_admin in self.admin_site._registry.items():
            if model._meta.label_lower == label and isinstance(model_admin, ContentAdmin):
                part = model.objects.filter(pk=pk).first() if pk.isdecimal() else None
                return part and counterpart(part, copy)
        return None
