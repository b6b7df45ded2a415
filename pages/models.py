"""Who we are: the region's profile, the editorial pages, and what visitors thought of them."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, NullIf
from django.urls import NoReverseMatch, resolve, reverse
from django.utils import timezone
from django.utils.translation import override

from blekinge_site.formats import number
from blekinge_site.languages import lines_of, slug_now
from pages.publishing import Publishable, PublishableQuerySet
from pages.richtext import RichTextField

# The word in an English address: its own, or else the Swedish one.
ENGLISH_SLUG = Coalesce(NullIf("slug_en", Value("")), "slug")


class RegionProfileQuerySet(PublishableQuerySet):
    def get_by_natural_key(self):
        return self.get(version=1)


class RegionProfile(Publishable):
    PARTS = ("daily_stats", "core_values", "administrations")

    name = models.CharField(
        "namn", max_length=100, help_text="Regionens namn, till exempel Region Blekinge."
    )
    lead = models.TextField(
        "ingress", help_text="Visas under visionen på startsidan och överst på Om-sidan."
    )
    mission = models.TextField("uppdrag", help_text="Regionens uppdrag, en mening.")
    responsibilities = models.TextField(
        "ansvarsområden", help_text="Regionens ansvarsområden, en mening."
    )
    vision = models.CharField(
        "vision",
        max_length=200,
        help_text="Utan citattecken och punkt. Visas stort överst på startsidan.",
    )
    organisation = models.TextField(
        "organisationen",
        blank=True,
        help_text="En uppgift per rad. Visas som en punktlista på Om-sidan.",
    )
    values_introduction = models.TextField(
        "inledning till värdegrunden",
        blank=True,
        help_text="Visas före ledstjärnorna på Om-sidan.",
    )

    objects = RegionProfileQuerySet.as_manager()

    class Meta(Publishable.Meta):
        verbose_name = "regionprofil"
        verbose_name_plural = "regionprofil"
        constraints = [
            *Publishable.Meta.constraints,
            models.UniqueConstraint(
                fields=["version"],
                name="profile_is_the_only_one",
                violation_error_message="Det finns redan en regionprofil. Ändra den i stället.",
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("pages:profile")

    def natural_key(self):
        return ()

    @property
    def organisation_facts(self):
        """The facts about the organisation, a list of str."""
        return lines_of(self.organisation)


class Ordered(models.Model):
    """Something that stands in an order among its siblings."""

    position = models.PositiveSmallIntegerField(
        "ordning", help_text="Lägst nummer visas först. Utan nummer kommer den sist."
    )

    class Meta:
        abstract = True
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                name="%(class)s_position_is_positive",
                condition=Q(position__gt=0),
                violation_error_message="Ordningen börjar på 1.",
            ),
        ]


class BelongsToProfile(Ordered):
    """A part of the profile, published with it, in an order."""

    profile = models.ForeignKey(
        RegionProfile,
        models.CASCADE,
        verbose_name="profil",
        help_text="Visas på den regionens Om-sida.",
    )

    class Meta(Ordered.Meta):
        abstract = True

    def get_absolute_url(self):
        return self.profile.get_absolute_url()

    def publishable(self):
        """Return what this is published with."""
        return self.profile


class DailyStatQuerySet(models.QuerySet):
    def get_by_natural_key(self, position):
        return self.filter(profile__version=1, position=position).earliest("pk")


class DailyStat(BelongsToProfile):
    value = models.PositiveIntegerField("antal", help_text="Talet, till exempel 22 022.")
    sentence = models.CharField(
        "mening",
        max_length=200,
        help_text="Fortsättningen efter talet, till exempel: personer besöker folktandvården",
    )
    as_of = models.DateField(
        "gäller per", null=True, blank=True, help_text="Lämna tomt om dagen inte är känd."
    )
    source = models.CharField(
        "källa", max_length=200, blank=True, help_text="Lämna tomt om källan inte är känd."
    )

    objects = DailyStatQuerySet.as_manager()

    class Meta(BelongsToProfile.Meta):
        verbose_name = "siffra för en dag"
        verbose_name_plural = "siffror för en dag"
        default_related_name = "daily_stats"

    def __str__(self):
        return f"{number(self.value)} {self.sentence}"

    def natural_key(self):
        return (self.position,)


class SluggedQuerySet(models.QuerySet):
    """Finds by slug what has a slug of its own in the profile."""

    def get_by_natural_key(self, slug):
        return self.get(profile__version=1, slug=slug)


class AdministrationQuerySet(SluggedQuerySet):
    def on(self, date):
        return self.filter(
            Q(valid_from__isnull=True) | Q(valid_from__lte=date),
            Q(valid_to__isnull=True) | Q(valid_to__gte=date),
        )


class Administration(BelongsToProfile):
    slug = models.SlugField(
        "kortnamn", max_length=100, help_text="Görs av namnet och visas inte för besökare."
    )
    name = models.CharField("namn", max_length=200, help_text="Förvaltningens namn.")
    description = models.TextField(
        "beskrivning", blank=True, help_text="Visas under namnet på Om-sidan."
    )
    address = models.TextField("adress", blank=True, help_text="Postadress, en rad i taget.")
    valid_from = models.DateField(
        "finns från", null=True, blank=True, help_text="Första dagen. Dessförinnan visas den inte."
    )
    valid_to = models.DateField(
        "finns till",
        null=True,
        blank=True,
        help_text="Sista dagen. Därefter visas förvaltningen inte.",
    )

    objects = AdministrationQuerySet.as_manager()

    class Meta(BelongsToProfile.Meta):
        verbose_name = "förvaltning"
        verbose_name_plural = "förvaltningar"
        default_related_name = "administrations"
        constraints = [
            *BelongsToProfile.Meta.constraints,
            models.UniqueConstraint(
                fields=["profile", "slug"],
                name="administration_slug_is_unique",
                violation_error_message="En annan förvaltning har samma kortnamn.",
            ),
            models.CheckConstraint(
                name="administration_validity_is_ordered",
                condition=Q(valid_to__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_to__gte=F("valid_from")),
                violation_error_message="Sista dagen kan inte vara före den första.",
            ),
        ]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.slug,)


class CoreValue(BelongsToProfile):
    slug = models.SlugField(
        "adressord",
        max_length=100,
        help_text="Görs av namnet. Länkar hit slutar på #ordet.",
    )
    name = models.CharField("namn", max_length=100, help_text="Ledstjärnans namn, ett ord.")
    body = models.TextField("text", help_text="Visas under namnet på Om-sidan.")

    objects = SluggedQuerySet.as_manager()

    class Meta(BelongsToProfile.Meta):
        verbose_name = "ledstjärna"
        verbose_name_plural = "ledstjärnor"
        default_related_name = "core_values"
        constraints = [
            *BelongsToProfile.Meta.constraints,
            models.UniqueConstraint(
                fields=["profile", "slug"],
                name="core_value_slug_is_unique",
                violation_error_message="En annan ledstjärna har samma adressord.",
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return f"{super().get_absolute_url()}#{self.slug}"

    def natural_key(self):
        return (self.slug,)


class PageQuerySet(PublishableQuerySet):
    def at(self, slug):
        """Return those that answer at `slug` in either language."""
        return self.filter(Q(slug=slug) | Q(slug_en=slug))

    def in_menu(self):
        return self.filter(menu_position__isnull=False).order_by("menu_position", "pk")

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
                name="page_is_not_its_own_parent",
                condition=Q(parent__isnull=True) | ~Q(parent=F("pk")),
                violation_error_message="En sida kan inte ligga under sig själv.",
            ),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("pages:page", args=[slug_now(self)])

    def clean(self):
        super().clean()
        # The constraint compares only versions with the same number.
        others = Page.objects.exclude(slug=self.slug).filter(slug_en=self.slug_en)
        if self.slug_en and others.exists():
            raise ValidationError({"slug_en": "En annan sida har samma engelska adress."})
        for language, slug in (("sv", self.slug), ("en", self.slug_en or self.slug)):
            with override(language):
                try:
                    match = resolve(self.get_absolute_url())
                except NoReverseMatch:
                    return  # not a slug, which the field itself says
            if match.view_name != "pages:page" or slug in dict(settings.LANGUAGES):
                raise ValidationError(
                    f"Adressen ”{slug}” används redan av webbplatsen själv. Välj en annan."
                )

    def natural_key(self):
        return (self.slug,)


class Feedback(models.Model):
    """What a visitor answered to *Hjälpte informationen på sidan dig?* No trace of who it was."""

    address = models.CharField("sida", max_length=500, help_text="Sidan som svaret gäller.")
    language = models.CharField("språk", max_length=2, help_text="Språket som sidan lästes på.")
    helpful = models.BooleanField("hjälpte", help_text="Om informationen hjälpte.")
    message = models.TextField(
        "meddelande", max_length=2000, blank=True, help_text="Det som besökaren ville tillägga."
    )
    created_at = models.DateTimeField("tid", auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "återkoppling"
        verbose_name_plural = "återkoppling"

    def __str__(self):
        return self.address


class RevisionQuerySet(models.QuerySet):
    def of(self, publishable):
        """Return what has been saved of `publishable`, in all its versions."""
        first = publishable.versions().first_versions().get()
        return self.filter(thing_model=first._meta.label_lower, thing_pk=first.pk)


class Revision(models.Model):
    """What a publishable said, with all its parts, after somebody did something to it."""

    thing_model = models.CharField("slag", max_length=100, help_text="Modellen.")
    thing_pk = models.PositiveBigIntegerField("nummer", help_text="Den första versionens nummer.")
    version = models.PositiveSmallIntegerField("version", help_text="Versionen som ändrades.")
    name = models.CharField("namn", max_length=300, help_text="Vad det hette.")
    event = models.CharField("händelse", max_length=400, help_text="Vad som gjordes.")
    made_at = models.DateTimeField("tid", default=timezone.now, help_text="När det gjordes.")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name="av",
        help_text="Vem som gjorde det.",
    )
    content = models.JSONField("innehåll", help_text="Allt innehåll efteråt; se pages.versions.")

    objects = RevisionQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        verbose_name = "sparad version"
        verbose_name_plural = "sparade versioner"
        default_permissions = ["view"]
        indexes = [
            models.Index(fields=["thing_model", "thing_pk", "-made_at"], name="revision_of_thing")
        ]

    def __str__(self):
        return f"{self.name}: {self.event}"


class OpenForm(models.Model):
    """Who opened a form in the admin last, so that the next one is told. No visitor is ever here."""

    model = models.CharField("slag", max_length=100, help_text="Modellen.")
    object_pk = models.PositiveBigIntegerField("nummer", help_text="Det som är öppet.")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        verbose_name="av",
        help_text="Vem som har det öppet.",
    )
    opened_at = models.DateTimeField("öppnat", auto_now=True, help_text="När det öppnades.")

    class Meta:
        verbose_name = "öppet formulär"
        verbose_name_plural = "öppna formulär"
        default_permissions = []
        constraints = [
            models.UniqueConstraint(
                fields=["model", "object_pk", "user"], name="open_form_once_a_user"
            )
        ]

    def __str__(self):
        return f"{self.model} {self.object_pk}"
