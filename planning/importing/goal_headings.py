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
MAX_HEADING_LENGTH = 60  # longer texts are goals that speak of goals
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


def guess_with_words_of(plan):
    """Return a function that guesses the roles of columns, for `Layout`, also by the words of `plan`."""

    def guess(layout, index):
        texts = [layout.text(index, column) for column in range(layout.width)]
        roles = [role_of(text, plan) if len(text) <= MAX_HEADING_LENGTH else "" for text in texts]
        roles = [role if role not in roles[:column] else "" for column, role in enumerate(roles)]
        return (sum(map(bool, roles)) if "goal_sv" in roles else 0), roles

    return guess
