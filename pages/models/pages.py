"""The editorial pages, and feedback from visitors about any page."""

import datetime as dt

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, F, Q
from django.urls import NoReverseMatch, resolve, reverse
from django.utils import timezone
from django.utils.translation import override

from blekinge_site.languages import slug_now
from pages.publishing.publishable import Publishable, PublishableQuerySet, placeholder_name
from pages.publishing.richtext import RichTextField
from pages.publishing.slugs import ENGLISH_SLUG, BilingualSlugQuerySet


class PageQuerySet(BilingualSlugQuerySet, PublishableQuerySet):
    def in_menus(self):
        """Return the pages that have a place in the main menu or the footer."""
        return self.filter(Q(header_position__isnull=False) | Q(menu_position__isnull=False))

    def get_by_natural_key(self, slug):
        return self.get(slug=slug, version=1)


class Page(Publishable):
    IDENTITY = ("slug",)

    slug = models.SlugField(
        "adress på svenska",
        max_length=100,
        help_text="Görs av rubriken: ordet i webbadressen. Ligger fast när sidan är publicerad.",
    )
    slug_en = models.SlugField(
        "adress på engelska",
        max_length=100,
        blank=True,
        help_text="Ordet i den engelska webbadressen. Utan det används det svenska.",
    )
    title = models.CharField(
        "rubrik", max_length=200, help_text="Visas överst på sidan och i länkar hit."
    )
    lead = models.TextField("ingress", blank=True, help_text="Visas stort under rubriken.")
    body = RichTextField("text", blank=True, help_text="Visas under ingressen.")
    parent = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="children",
        limit_choices_to={"version": 1},
        verbose_name="ligger under",
        help_text="Sidan som den här sidan hör till. Visas i sökvägen överst.",
    )
    child_position = models.PositiveSmallIntegerField(
        "ordning under den sidan",
        null=True,
        blank=True,
        help_text="Sidan som den ligger under länkar till den. Lägst nummer visas först, och sidor utan "
        "nummer sist.",
    )
    header_position = models.PositiveSmallIntegerField(
        "plats i huvudmenyn",
        null=True,
        blank=True,
        help_text="Lägst nummer visas först, efter regionen och planen. Utan nummer visas sidan inte i "
        "huvudmenyn.",
    )
    menu_position = models.PositiveSmallIntegerField(
        "plats i sidfoten",
        null=True,
        blank=True,
        help_text="Lägst nummer visas först. Utan nummer visas sidan inte i sidfoten.",
    )

    objects = PageQuerySet.as_manager()

    class Meta(Publishable.Meta):
        ordering = ["menu_position", "slug"]
        verbose_name = "sida"
        verbose_name_plural = "sidor"
        constraints = [
            *Publishable.Meta.constraints,
            models.UniqueConstraint(
                fields=["slug", "version"],
                name="page_slug_is_unique",
                violation_error_message="En annan sida har samma svenska adress.",
            ),
            models.UniqueConstraint(
                ENGLISH_SLUG,
                "version",
                name="page_english_slug_is_unique",
                violation_error_message="En annan sida har samma engelska adress.",
            ),
            models.CheckConstraint(
                name="page_menu_position_is_positive",
                condition=Q(menu_position__isnull=True) | Q(menu_position__gt=0),
                violation_error_message="Ordningen börjar på 1.",
            ),
            models.CheckConstraint(
                name="page_child_position_is_positive",
                condition=Q(child_position__isnull=True) | Q(child_position__gt=0),
                violation_error_message="Ordningen börjar på 1.",
            ),
            models.CheckConstraint(
                name="page_header_position_is_positive",
                condition=Q(header_position__isnull=True) | Q(header_position__gt=0),
                violation_error_message="Ordningen börjar på 1.",
            ),
            models.CheckConstraint(
                name="page_is_not_its_own_parent",
                condition=Q(parent__isnull=True) | ~Q(parent=F("pk")),
                violation_error_message="En sida kan inte ligga under sig själv.",
            ),
        ]

    def __str__(self):
        return self.title or placeholder_name(self)

    def get_absolute_url(self):
        return reverse("pages:page", args=[slug_now(self)])

    def clean(self):
        super().clean()
        english_slug = self.slug_en or self.slug
        # The constraints compare only versions with the same number.
        others = Page.objects.exclude(slug=self.slug).annotate(english_slug=ENGLISH_SLUG)
        if others.filter(english_slug=english_slug).exists():
            raise ValidationError("En annan sida har samma engelska adress.")
        ancestor, slugs = self.parent, {self.slug}
        while ancestor is not None:
            if ancestor.slug in slugs:
                raise ValidationError("Sidan ligger under sig själv. Ändra ”ligger under”.")
            slugs.add(ancestor.slug)
            ancestor = ancestor.versions().first().parent
        for language, slug in (("sv", self.slug), ("en", english_slug)):
            with override(language):
                try:
                    match = resolve(self.get_absolute_url())
                except NoReverseMatch:
                    return  # not a valid slug, which the field reports
            if match.view_name != "pages:page" or slug in dict(settings.LANGUAGES):
                raise ValidationError(
                    f"Adressen ”{slug}” används redan av webbplatsen själv. Välj en annan."
                )

    def natural_key(self):
        return (self.slug,)


class FeedbackQuerySet(models.QuerySet):
    def of_last(self, days):
        return self.filter(created_at__gte=timezone.now() - dt.timedelta(days=days))

    def worded(self):
        return self.exclude(message="")

    def waiting(self):
        """Return the answers in visitors' own words that nobody has handled."""
        return self.worded().filter(handled_at=None)

    def shares_over_time(self, days, step):
        """Return counts for each page in periods of `step` days, the oldest first, in the last `days` days.

        The result is `{address: [(answers, helped), …]}`. The first period may be shorter.
        """
        now = timezone.now()
        ends = [now - dt.timedelta(days=ago) for ago in range(0, days, step)][::-1]
        counts = {}
        for number, end in enumerate(ends):
            period = Q(created_at__gt=end - dt.timedelta(days=step), created_at__lte=end)
            counts[f"answers_{number}"] = Count("pk", filter=period)
            counts[f"helped_{number}"] = Count("pk", filter=period & Q(helpful=True))
        return {
            row["address"]: [
                (row[f"answers_{number}"], row[f"helped_{number}"]) for number in range(len(ends))
            ]
            for row in self.of_last(days).values("address").annotate(**counts).order_by()
        }

    def per_week(self, mondays):
        """Return how many answers there are, and how many of them helped, in the weeks from `mondays`."""
        counts = {}
        for number, monday in enumerate(mondays):
            start, end = (
                timezone.make_aware(dt.datetime.combine(date, dt.time()))
                for date in (monday, monday + dt.timedelta(weeks=1))
            )
            week = Q(created_at__gte=start, created_at__lt=end)
            counts[f"answers_{number}"] = Count("pk", filter=week)
            counts[f"helped_{number}"] = Count("pk", filter=week & Q(helpful=True))
        row = self.aggregate(**counts)
        return [
            (row[f"answers_{number}"], row[f"helped_{number}"]) for number in range(len(mondays))
        ]

    def per_page(self, days):
        """Return a dict with counts for each page, in the last `days` days and in the same time before.

        The page with the most negative answers comes first.
        """
        now = Q(created_at__gte=timezone.now() - dt.timedelta(days=days))
        helped = Q(helpful=True)
        return (
            self.of_last(2 * days)
            .values("address")
            .annotate(
                answers=Count("pk", filter=now),
                helped=Count("pk", filter=now & helped),
                unhelped=F("answers") - F("helped"),
                worded=Count("pk", filter=now & ~Q(message="")),
                answers_before=Count("pk", filter=~now),
                helped_before=Count("pk", filter=~now & helped),
            )
            .order_by("-unhelped", "-answers", "address")
        )


class Feedback(models.Model):
    """An anonymous answer to *Hjälpte informationen på sidan dig?*"""

    address = models.CharField("sida", max_length=500, help_text="Sidan som svaret gäller.")
    language = models.CharField("språk", max_length=2, help_text="Språket som sidan lästes på.")
    helpful = models.BooleanField("hjälpte", help_text="Om informationen hjälpte.")
    message = models.TextField(
        "meddelande", max_length=2000, blank=True, help_text="Det som besökaren ville tillägga."
    )
    created_at = models.DateTimeField("tid", auto_now_add=True)
    handled_at = models.DateTimeField(
        "hanterat", null=True, blank=True, editable=False, help_text="När någon tog hand om svaret."
    )
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name="hanterat av",
        help_text="Vem som tog hand om svaret.",
    )
    note = models.TextField(
        "anteckning",
        blank=True,
        default="",
        db_default="",
        help_text="Vad som gjordes. Visas bara för kollegor.",
    )

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "återkoppling"
        verbose_name_plural = "återkoppling"
        indexes = [
            models.Index(
                fields=["-created_at"],
                condition=Q(handled_at__isnull=True) & ~Q(message=""),
                name="feedback_waiting",
            ),
        ]

    def __str__(self):
        return self.address
