"""What the columns of a sheet of goals become."""

import re

# The headings of the columns that each role has in an export.
HEADINGS = {
    "perspective_sv": "Perspektiv",
    "perspective_en": "Perspektiv på engelska",
    "perspective_description_sv": "Beskrivning av perspektiv",
    "perspective_description_en": "Beskrivning av perspektiv på engelska",
    "goal_sv": "Mål",
    "goal_en": "Mål på engelska",
    "goal_description_sv": "Beskrivning av mål",
    "goal_description_en": "Beskrivning av mål på engelska",
    "area_sv": "Insatsområde",
    "area_en": "Insatsområde på engelska",
}
ROLES = HEADINGS | {"": "Läses inte"}
ENGLISH = re.compile(r"engelsk|english|\(en\)|\ben\b")
DESCRIPTION = re.compile(r"beskriv|förklar|ingress|description")
PERSPECTIVE = re.compile(r"perspektiv|målområde|fokusområde|område\b|perspective")
GOAL = re.compile(r"\bmål\b|mål\b|målet\b|\bgoal")
AREA = re.compile(r"insats|åtgärd|aktivitet|strategi\b|focus area")
MAX_LENGTHS = {"perspective_sv": 200, "perspective_en": 200, "goal_sv": 300, "goal_en": 300}


def role_of(text, plan):
    """Return the role of a column with the heading `text`, in the words of `plan`; "" if it has none."""
    words = " ".join(text.lower().split())
    language = "en" if ENGLISH.search(words) else "sv"
    own = {
        "perspective": (plan.perspective_label_sv, plan.perspective_label_plural_sv),
        "goal": (plan.goal_label_sv, plan.goal_label_plural_sv),
    }
    kind = next(
        (
            kind
            for kind, labels in own.items()
            if any(label and label.lower() in words for label in labels)
        ),
        "",
    )
    if not kind:
        patterns = (("area", AREA), ("perspective", PERSPECTIVE), ("goal", GOAL))
        kind = next((kind for kind, pattern in patterns if pattern.search(words)), "")
    if DESCRIPTION.search(words) and kind != "area":
        return f"{kind or 'goal'}_description_{language}"
    return f"{kind}_{language}" if kind else ""
