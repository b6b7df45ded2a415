"""Charts of visitors' feedback as SVG: the answers of each week, and the line of a page's share.

Lengths are strings, because templates would localise numbers. Nothing here makes a query.
"""

from dataclasses import dataclass

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
