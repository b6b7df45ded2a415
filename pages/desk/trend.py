"""How much visitors were helped, and charts of it: each week's answers, and the line of a page's share.

Lengths in the SVG are strings, because templates would localise numbers.
"""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils import timezone

from pages.models import Feedback

WEEKS = 12
MIN_ANSWERS = 5  # for a share: of fewer answers, it says little

BAR_WIDTH, BAR_STEP = 17, 24.2
BARS_TOP, BARS_BOTTOM = 8, 92
GAP = 1.6  # between the two parts of a bar
LINE_WIDTH, LINE_TOP, LINE_BOTTOM, LINE_MARGIN = 114, 5, 33, 4


@dataclass(frozen=True)
class Rectangle:
    color: str  # a class in the style sheet: "yes" or "no"
    x: str
    y: str
    height: str


@dataclass(frozen=True)
class Line:
    points: str  # of an SVG polyline
    x: str  # of the last point
    y: str


def bars(weeks):
    """Return the rectangles of a bar for each of `weeks`: `[(answers, helped), …]`."""
    most = max(answers for answers, _helped in weeks)
    rectangles = []
    for number, (answers, helped) in enumerate(weeks):
        bottom = BARS_BOTTOM
        for color, count in (("yes", helped), ("no", answers - helped)):
            if count:
                height = (BARS_BOTTOM - BARS_TOP) * count / most
                drawn = max(height - GAP, 1)
                x, y = number * BAR_STEP, bottom - drawn
                rectangles.append(Rectangle(color, f"{x:.1f}", f"{y:.1f}", f"{drawn:.1f}"))
                bottom -= height
    return rectangles


def line_of(periods):
    """Return the Line of the shares who were helped in `periods`, `[(answers, helped), …]`, or None.

    Periods without answers are left out. A single point makes no line.
    """
    step = (LINE_WIDTH - 2 * LINE_MARGIN) / max(len(periods) - 1, 1)
    height = LINE_BOTTOM - LINE_TOP
    points = [
        (f"{LINE_MARGIN + number * step:.1f}", f"{LINE_BOTTOM - height * helped / answers:.1f}")
        for number, (answers, helped) in enumerate(periods)
        if answers
    ]
    if len(points) < 2:
        return None
    return Line(" ".join(",".join(point) for point in points), *points[-1])


def percentage(part, total):
    """Return `part` as a percentage of `total`, or None if `total` is less than MIN_ANSWERS."""
    return round(100 * part / total) if total >= MIN_ANSWERS else None


def trend(owners):
    """Return the answers of the last WEEKS weeks for the desk, this week included.

    `owners` is a function that returns an Owners, which is called only if it is needed.
    """
    today = timezone.localdate()
    mondays = [today - dt.timedelta(days=today.weekday(), weeks=ago) for ago in range(WEEKS)[::-1]]
    weeks = Feedback.objects.per_week(mondays)
    answers, helped = (sum(counts) for counts in zip(*weeks, strict=True))
    if not answers:
        return {"answers": 0}
    start = timezone.make_aware(dt.datetime.combine(mondays[0], dt.time()))
    worst = (
        Feedback.objects.filter(created_at__gte=start)
        .values("address")
        .annotate(answers=Count("pk"), unhelped=Count("pk", filter=Q(helpful=False)))
        .order_by("-unhelped", "-answers", "address")
        .first()
    )
    return {
        "answers": answers,
        "share": percentage(helped, answers),
        "bars": bars(weeks),
        "description": f"Svar per vecka i tolv veckor: {helped} ja och {answers - helped} nej. "
        f"Den första veckan {weeks[0][0] - weeks[0][1]} nej, den här {weeks[-1][0] - weeks[-1][1]}.",
        "first_week": mondays[0].isocalendar().week,
        "last_week": mondays[-1].isocalendar().week,
        "worst": worst | {"name": owners().name_of(worst["address"])}
        if worst["unhelped"]
        else None,
    }
