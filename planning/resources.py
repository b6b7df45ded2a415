"""Import and export of the focus areas of a plan."""

from collections import Counter, defaultdict

from django.core.exceptions import ValidationError

from pages.exchange.resources import Column, Count, PartResource, Text
from planning.models import FocusArea, Goal


def lowercase_name(obj):
    return (obj.name_sv or "").lower()


def by_label(objects):
    """Return `{label: object}`. The labels of an object are its slug and, if unique, its lowercase name."""
    counts = Counter(lowercase_name(obj) for obj in objects)
    by_name = {lowercase_name(obj): obj for obj in objects if counts[lowercase_name(obj)] == 1}
    return by_name | {obj.slug: obj for obj in objects}


def label_for(obj, labels):
    """Return the name of `obj` if it identifies `obj` in `labels`, from `by_label`; otherwise its slug."""
    name = lowercase_name(obj)
    return obj.name_sv if name and labels.get(name) == obj else obj.slug


class FocusAreaResource(PartResource):
    slug = "insatsomraden"
    parent = "goal"
    key_name = "mål och ordning"
    help_text = (
        "En rad med samma mål och ordning som ett insatsområde som redan finns ändrar det. En rad utan "
        "ordning läggs till sist. Perspektivet och målet ska finnas i planen och skrivs som de heter "
        "på svenska, eller med sina adressord."
    )
    perspective = Column(None, "Perspektiv", Text(), required=True)
    goal = Column(None, "Mål", Text(), required=True)
    position = Column("position", "Ordning", Count(least=1), readonly=True)
    text_sv = Column("text_sv", "Insatsområde", Text(), required=True)
    text_en = Column("text_en", "Insatsområde på engelska", Text())

    class Meta:
        model = FocusArea

    def __init__(self, plan):
        super().__init__(plan)
        self.perspectives = by_label(plan.perspectives.all())
        goals = defaultdict(list)
        for goal in Goal.objects.filter(perspective__plan=plan):
            goals[goal.perspective_id].append(goal)
        self.goals = {perspective_id: by_label(goals[perspective_id]) for perspective_id in goals}

    def get_queryset(self):
        areas = FocusArea.objects.filter(goal__plan=self.publishable)
        parents = ["goal__perspective__position", "goal__perspective", "goal__position", "goal"]
        return areas.select_related("goal__perspective").order_by(*parents, "position", "pk")

    def key(self, part):
        return part.goal_id, part.position

    def part_from(self, row):
        perspective = self.look_up("perspective", row, self.perspectives)
        goal = self.look_up("goal", row, self.goals.get(perspective.pk, {}))
        position = self.read("position", row) or self.last_position[goal.pk] + 1
        return FocusArea(goal=goal, position=position)

    def look_up(self, column, row, labels):
        """Return the object in `labels` that `row` refers to in `column`."""
        label = self.read(column, row)
        if label.lower() not in labels:
            raise ValidationError({column: f"Planen har inget, eller flera, som heter ”{label}”."})
        return labels[label.lower()]

    def dehydrate_perspective(self, area):
        return label_for(area.goal.perspective, self.perspectives)

    def dehydrate_goal(self, area):
        return label_for(area.goal, self.goals[area.goal.perspective_id])
