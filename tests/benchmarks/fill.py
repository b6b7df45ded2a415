"""Fill an empty database with a site of any size: `python -m tests.benchmarks.fill [TIMES]`.

The database is that of DATABASE_URL. With TIMES 1 it gets a plan of ten budgets and 15 pages of four
links each. With TIMES 20, without it too, it gets 20 plans and 300 pages, each in 20 versions with a
saved revision a version.
"""

import copy
import datetime as dt
import sys
from io import StringIO

import django

BUDGETS = 10
PAGES = 15
LAST_PLAN_BEGINS = 2019  # the plans before it follow each other without a gap
DEAD_LINK_EVERY = 25  # pages
MADE_AT_ONCE = 500  # rows in a statement

BODY = """<h3>{title}</h3><p>Här står det som besökare behöver veta om ärendet, i några korta stycken.</p>
<p>Läs mer om <a href="/{other}/">nästa sida</a> eller <a href="/{third}/">en annan sida</a>.</p>
<h3>Planen</h3><ul><li><a href="{goal}">målet</a></li><li><a href="{last}">budgeten</a></li></ul>
<p>{text}</p>"""
TEXT = "Regionen ansvarar för hälso- och sjukvård, kollektivtrafik och regional utveckling. " * 15


def made(rows):
    """Save `rows` and return them with their primary keys."""
    return type(rows[0])._base_manager.bulk_create(rows, batch_size=MADE_AT_ONCE) if rows else []


def copied(row, **fields):
    """Return an unsaved copy of `row` with other `fields`."""
    row = copy.copy(row)
    row._state = copy.copy(row._state)
    row.pk, row._state.adding, row._state.fields_cache = None, True, {}
    for name, value in fields.items():
        setattr(row, name, value)
    return row


def parts_copied(name, pairs, changes=lambda part, owner: {}):
    """Copy the parts that relation `name` gives of each template to its copy; return the new pairs.

    `changes` returns the fields, a dict, that the copy of a part has otherwise.
    """
    if not pairs:
        return []
    field = type(pairs[0][0])._meta.get_field(name).field.name
    new = [
        (part, copied(part, **{field: owner} | changes(part, owner)))
        for template, owner in pairs
        for part in getattr(template, name).all()
    ]
    made([row for _part, row in new])
    return new


def versions_of(row, versions, moment, **fields):
    """Return `versions` unsaved copies of `row`, all published, a day apart and the last at `moment`."""
    return [
        copied(
            row,
            **fields,
            version=number,
            status="published",
            published_at=moment - dt.timedelta(days=versions - number),
            changed_at=moment - dt.timedelta(days=versions - number),
        )
        for number in range(1, versions + 1)
    ]


def make_template(plan):
    """Give the fixtures' `plan` ten budgets, a follow-up that rates each goal, and a document."""
    from django.core.files.base import ContentFile

    from pages.publishing.versions import as_data, build, fetch_with_parts
    from planning.models import FollowUp, Goal, GoalRating, PlanDocument

    plan.last_year = plan.first_year + BUDGETS - 1
    plan.save()
    data = as_data(plan.budgets.get())
    for year in range(plan.first_year + 1, plan.last_year + 1):
        build(data, plan_id=plan.pk, year=year)
    follow_up = FollowUp.objects.create(plan=plan, year=plan.first_year, source_sv="Årsredovisning")
    for goal in Goal.objects.filter(perspective__plan=plan):
        GoalRating.objects.create(follow_up=follow_up, goal=goal, rating="satisfactory")
    document = PlanDocument(plan=plan, position=1, title_sv="Beslutet")
    document.file.save("beslutet.txt", ContentFile(b"Beslutet."))
    return fetch_with_parts(plan)


def add_plans(template, count, versions, moment):
    """Make `count` plans of `versions` each, `template` the last of them; return their first versions."""
    rows = []
    for number in range(count):
        first_year = LAST_PLAN_BEGINS - BUDGETS * number
        years = {"first_year": first_year, "last_year": first_year + BUDGETS - 1}
        rows += versions_of(template, versions, moment, **years)
    # The template is the first version of the last plan: it stays as it is.
    pairs = [(template, row) for row in made(rows[1:])]
    perspectives = parts_copied("perspectives", pairs)
    goals = parts_copied("goals", perspectives)
    parts_copied("focus_areas", goals)

    def same_year_of_plan(part, plan):
        return {"year": part.year + plan.first_year - template.first_year}

    parts_copied("lines", parts_copied("budgets", pairs, same_year_of_plan))
    parts_copied("documents", pairs)
    goal_of = {(row.perspective.plan_id, goal.pk): row for goal, row in goals}

    def same_goal_of_plan(rating, follow_up):
        return {"goal": goal_of[follow_up.plan_id, rating.goal_id]}

    parts_copied("ratings", parts_copied("follow_ups", pairs, same_year_of_plan), same_goal_of_plan)
    return [template, *(row for _template, row in pairs if row.version == 1)]


def add_pages(count, versions, moment, plans):
    """Make `count` pages of `versions` each, with four links a body; return their first versions."""
    from pages.models import Page

    rows = []
    for number in range(count):
        plan = plans[number % len(plans)]
        perspective = plan.perspectives.first()
        goal, budget = perspective.goals.first(), plan.budgets.last()
        third = "borta" if number % DEAD_LINK_EVERY == 0 else f"sida-{(number + 7) % count}"
        title = f"Sida {number}"
        body = BODY.format(
            title=title,
            text=TEXT,
            other=f"sida-{(number + 1) % count}",
            third=third,
            goal=f"{perspective.get_absolute_url()}#{goal.slug}",
            last=budget.get_absolute_url(),
        )
        texts = {"title_sv": title, "title_en": f"Page {number}", "lead_sv": "Kort sagt."}
        slugs = {"slug": f"sida-{number}", "slug_en": f"page-{number}"}
        page = Page(**slugs, **texts, body_sv=body, body_en=body, responsible_sv="Regionen")
        rows += versions_of(page, versions, moment)
    return [page for page in made(rows) if page.version == 1]


def add_revisions(publishables, versions, moment):
    """Save a revision for each version of `publishables`, first versions: each differs in its lead."""
    from pages.models import Revision
    from pages.publishing.versions import as_data

    rows = []
    for publishable in publishables:
        data = as_data(publishable)
        for version in range(1, versions + 1):
            content = data | {"fields": data["fields"] | {"lead_sv": f"Ingress {version}."}}
            rows.append(
                Revision(
                    thing_model=publishable._meta.label_lower,
                    thing_pk=publishable.pk,
                    version=version,
                    name=str(publishable),
                    event="Publicerade",
                    made_at=moment - dt.timedelta(days=versions - version),
                    content=content,
                )
            )
        if len(rows) >= MADE_AT_ONCE:
            made(rows)
            rows = []
    made(rows)


def fill(times):
    """Fill the empty database: `times` plans, `15 * times` pages, in `times` versions each."""
    from django.core.management import call_command
    from django.db import transaction
    from django.utils import timezone

    from planning.models import RegionalPlan

    call_command("migrate", verbosity=0)
    moment = timezone.now() - dt.timedelta(hours=1)
    with transaction.atomic():
        call_command("load_fixtures", stdout=StringIO())
        template = make_template(RegionalPlan.objects.get())
        plans = add_plans(template, times, times, moment)
        pages = add_pages(PAGES * times, times, moment, plans)
        add_revisions([*plans, *pages], times, moment)


def main():
    django.setup()
    fill(int(sys.argv[1]) if sys.argv[1:] else 20)


if __name__ == "__main__":
    main()
