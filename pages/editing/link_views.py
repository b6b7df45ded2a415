"""The places that staff can link to: a list to copy addresses from, and JSON for the text editor."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import JsonResponse
from django.template.response import TemplateResponse

from pages.publishing.links import places

MAX_SUGGESTIONS = 12
MAX_LISTED = 200


class LinkViewsMixin:
    """Adds the list of places to the admin of pages."""

    def get_urls(self):
        return [self.page_pattern("lankar/", self.links_view, "links"), *super().get_urls()]

    def links_view(self, request):
        """Return the places that match the query `q`, with their addresses in the language `sprak`.

        With `format=json`, return `{"places": [{"kind", "name", "context", "address"}, …], "count": n}`.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        query, language = request.GET.get("q", ""), request.GET.get("sprak")
        if language not in dict(settings.LANGUAGES):
            language = settings.LANGUAGE_CODE
        matches = places(query)
        if request.GET.get("format") == "json":
            shown = [
                {
                    "kind": place.kind,
                    "name": place.name,
                    "context": place.context,
                    "address": place.addresses[language],
                }
                for place in matches[:MAX_SUGGESTIONS]
            ]
            return JsonResponse({"places": shown, "count": len(matches)})
        context = self.admin_site.each_context(request) | {
            "title": "Adresser att länka till",
            "opts": self.opts,
            "query": query,
            "language": language,
            "places": [(place, place.addresses[language]) for place in matches[:MAX_LISTED]],
            "count": len(matches),
        }
        return TemplateResponse(request, "admin/links.html", context)
