"""What staff can export to and import from spreadsheets: the figures of a day."""

from pages.exchange.resources import Column, Count, Day, PartResource, Text
from pages.models import DailyStat


class DailyStatResource(PartResource):
    slug = "siffror-for-en-dag"
    parent = "profile"
    key_name = "ordning"
    help_text = (
        "En rad med samma ordning som en siffra som redan finns ändrar den. En rad utan ordning "
        "läggs till sist."
    )
    position = Column("position", "Ordning", Count(least=1), readonly=True)
    value = Column("value", "Antal", Count(), required=True)
    sentence_sv = Column("sentence_sv", "Mening", Text(), required=True)
    sentence_en = Column("sentence_en", "Mening på engelska", Text())
    as_of = Column("as_of", "Gäller per", Day())
    source_sv = Column("source_sv", "Källa", Text())
    source_en = Column("source_en", "Källa på engelska", Text())

    class Meta:
        model = DailyStat

    def get_queryset(self):
        return self.publishable.daily_stats.order_by("position", "pk")

    def key(self, part):
        return part.position

    def part_from(self, row):
        position = self.read("position", row) or self.last_position[self.publishable.pk] + 1
        return DailyStat(profile=self.publishable, position=position)
