"""Who we are: the region's profile and its parts."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from blekinge_site.formats import number
from blekinge_site.languages import lines_of
from pages.publishing.ordered import Ordered
from pages.publishing.publishable import Publishable, PublishableQuerySet, placeholder_name


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
        return self.name or placeholder_name(self)

    def get_absolute_url(self):
        return reverse("pages:profile")

    def natural_key(self):
        return ()

    @property
    def organisation_facts(self):
        """The facts about the organisation, a list of str."""
        return lines_of(self.organisation)


class BelongsToProfile(Ordered):
    """An ordered part of the profile."""

    PARENT_FIELD = "profile"

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
        return self.name or placeholder_name(self)

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
        return self.name or placeholder_name(self)

    def get_absolute_url(self):
        return f"{super().get_absolute_url()}#{self.slug}"

    def natural_key(self):
        return (self.slug,)
