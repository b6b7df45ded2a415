"""Fill an empty database with a site of any size: `python -m tests.benchmarks.fill [TIMES]`.

DATABASE_URL names the database. With TIMES 1, it gets a plan with ten budgets and 15 pages with four links
each. With TIMES 20, the default, it gets 20 plans and 300 pages, each in 20 versions with a revision per
version.
"""

import copy
import datetime as dt
import sys
from io import StringIO

import django

BUDGETS = 10
PAGES = 15
LAST_PLAN_FIRST_YEAR = 2019  # the earlier plans cover the years before it without gaps
PAGES_PER_DEAD_LINK = 25
ROWS_PER_INSERT = 500

BODY = """<h3>{title}</h3><p>Här står det som besökare behöver veta om ärendet, i några korta stycken.</p>
<p>Läs mer om <a href="/{other}/">nästa sida</a> eller <a href="/{third}/">en annan sida</a>.</p>
<h3>Planen</h3><ul><li><a href="{goal}">målet</a></li><li><a href="{last}">budgeten</a></li></ul>
<p>{text}</p>"""
TEXT = "Regionen ansvarar för hälso- och sjukvård, kollektivtrafik och regional utveckling. " * 15


def save(rows):
    """Save `rows` and return them with their primary keys."""
    return type(rows[0])._base_manager.bulk_create(rows, batch_size=ROWS_PER_INSERT) if rows else []


def copy_of(row, **fields):
    """Return an unsaved copy of `row` with `fields` changed."""
    row = copy.copy(row)
    row._state = copy.copy(row._state)
    row.pk, row._state.adding, row._state.fields_cache = None, True, {}
    for name, value in fields.items():
        setattr(row, name, value)
    return row


def copy_parts(name, pairs, changes=lambda part, owner: {}):
    """Copy the parts in relation `name` for each pair of a template and its copy; return the new pairs.

    `changes` returns a dict of the fields that change in a part's copy.
    """
    if not pairs:
        return []
    field = type(pairs[0][0])._meta.get_field(name).field.name
    new = [
        (part, copy_of(part, **{field: owner} | changes(part, owner)))
        for template, owner in pairs
        for part in getattr(template, name).all()
    ]
    save([row for _part, row in new])
    return new


def versions_of(row, versions, moment, **fields):
    """Return `versions` unsaved copies of `row`, all published, a day apart and the last at `moment`."""
    return [
        copy_of(
            row,
            **fields,
            version=number,
            status="published",
            published_at=moment - dt.timedelta(days=versions - number),
            changed_at=moment - dt.timedelta(days=versions - number),
        )
        for number in range(1, versions + 1)
    ]


def column_in(year):
    """Return a function that moves the only column of a budget's table to `year`; see `build`."""
    return lambda part: {"year": year} if part["model"] == "planning.budgetcolumn" else {}


def make_template(plan):
    """Add ten budgets, a follow-up that rates each goal and a document to the fixtures' `plan`."""
    from django.core.files.base import ContentFile

    from pages.publishing.versions import as_data, build, fetch_with_parts
    from planning.models import FollowUp, GoalRating, PlanDocument

    plan.last_year = plan.first_year + BUDGETS - 1
    plan.save()
    data = as_data(plan.budgets.get())
    for year in range(plan.first_year + 1, plan.last_year + 1):
        build(data, plan_id=plan.pk, year=year, change=column_in(year))
    follow_up = FollowUp.objects.create(plan=plan, year=plan.first_year, source_sv="Årsredovisning")
    for goal in plan.goals.all():
        GoalRating.objects.create(follow_up=follow_up, goal=goal, rating="satisfactory")
    document = PlanDocument(plan=plan, position=1, title_sv="Beslutet")
    document.file.save("beslutet.txt", ContentFile(b"Beslutet."))
    return fetch_with_parts(plan)


def add_plans(template, count, versions, moment):
    """Make `count` plans in `versions` each, ending with `template`; return their first versions."""
    rows = []
    for number in range(count):
        first_year = LAST_PLAN_FIRST_YEAR - BUDGETS * number
        years = {"first_year": first_year, "last_year": first_year + BUDGETS - 1}
        rows += versions_of(template, versions, moment, **years)
    # The template is the first version of the last plan, and stays as it is.
    pairs = [(template, row) for row in save(rows[1:])]
    perspectives = copy_parts("perspectives", pairs)
    perspective_of = {(row.plan_id, old.pk): row for old, row in perspectives}

    def same_perspective_of_plan(goal, plan):
        return {"perspective": perspective_of[plan.pk, goal.perspective_id]}

    goals = copy_parts("goals", pairs, same_perspective_of_plan)
    copy_parts("focus_areas", goals)

    def same_year_of_plan(part, plan):
        return {"year": part.year + plan.first_year - template.first_year}

    tables = copy_parts("tables", copy_parts("budgets", pairs, same_year_of_plan))
    copy_parts("columns", tables, lambda column, table: {"year": table.budget.year})
    copy_parts("lines", tables)
    copy_parts("decisions", pairs)
    copy_parts("documents", pairs)
    goal_of = {(row.plan_id, goal.pk): row for goal, row in goals}

    def same_goal_of_plan(rating, follow_up):
        return {"goal": goal_of[follow_up.plan_id, rating.goal_id]}

    copy_parts("ratings", copy_parts("follow_ups", pairs, same_year_of_plan), same_goal_of_plan)
    return [template, *(row for _template, row in pairs if row.version == 1)]


def add_pages(count, versions, moment, plans):
    """Make `count` pages in `versions` each, with four links in the body; return their first versions."""
    from pages.models import Page

    rows = []
    for number in range(count):
        plan = plans[number % len(plans)]
        perspective = plan.perspectives.first()
        goal, budget = perspective.goals.first(), plan.budgets.last()
        third = "borta" if number % PAGES_PER_DEAD_LINK == 0 else f"sida-{(number + 7) % count}"
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
    return [page for page in save(rows) if page.version == 1]


def add_revisions(publishables, versions, moment):
    """Save a revision per version of each first version in `publishables`; the revisions' leads differ."""
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
        if len(rows) >= ROWS_PER_INSERT:
            save(rows)
            rows = []
    save(rows)


def fill(times):
    """Fill the empty database with `times` plans and `15 * times` pages in `times` versions each."""
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
