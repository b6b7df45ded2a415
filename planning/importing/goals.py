"""What a sheet makes of the perspectives, goals and focus areas of a plan."""

import re
from collections import defaultdict
from copy import copy

from planning.importing import review
from planning.importing.amounts import name_of_cell
from planning.importing.goal_headings import HEADINGS, MAX_LENGTHS, ROLES, guess_with_words_of
from planning.importing.layout import Layout, letter, listed
from planning.importing.matching import compact, free_code, match_by_name, similar_names
from planning.importing.review import CellError, Question, Review, ReviewedRow
from planning.models import FocusArea, Goal, Perspective

WHOLE, ONLY = "whole", "only"


class Node:
    """A perspective, goal or focus area as it will be: `part`, with what changes in it."""

    def __init__(self, part, before=None):
        self.part, self.before = part, before
        self.parent = None
        self.is_filled = False

    @property
    def is_new(self):
        return self.before is None


class Entry:
    """A row of the file, with its texts by role, and the perspective, goal and focus area that it becomes."""

    def __init__(self, row, texts):
        self.row, self.texts = row, texts
        self.errors, self.questions, self.changes = [], [], []
        self.nodes = []
        self.has_new = False


class GoalReview(Review):
    """The outcome of importing `sheet` to `plan`; otherwise as `TableReview`."""

    ROLES = ROLES

    def __init__(self, sheet, plan, choices, remembered=lambda headings: None):
        super().__init__()
        self.plan, self.choices = plan, choices
        self.amount_columns = []

        self.layout = Layout(
            sheet,
            choices,
            ROLES,
            guess_with_words_of(plan),
            lambda headings: (remembered(headings) or {}).get("roles"),
        )
        self._fetch()
        self.way = choices.get("way")
        if self.way not in (WHOLE, ONLY):
            self.way = ONLY if self.goals else WHOLE
        self.entries, self.removed = [], []
        if self._has_columns():
            self._read()

    def choices_to_remember(self):
        return {"roles": self.layout.roles}

    # --- Reading ---------------------------------------------------------------------------------------

    def _fetch(self):
        self.perspectives = list(self.plan.perspectives.all())
        self.goals = list(self.plan.goals.all())
        self.areas = defaultdict(list)
        for area in FocusArea.objects.filter(goal__plan=self.plan).order_by("position", "pk"):
            self.areas[area.goal_id].append(area)

    def _has_columns(self):
        if self.layout.problem:
            self.errors.append(self.layout.problem)
            return False
        for role, label in HEADINGS.items():
            if len(same := self.layout.columns_with(role)) > 1:
                letters = " och ".join(map(letter, same))
                self.errors.append(f"Kolumn {letters} blir båda ”{label}”. Välj en av dem.")
        if not self.layout.columns_with("goal_sv"):
            self.errors.append("Ingen kolumn blir mål. Välj vilken som har målen.")
        return not self.errors

    def _read(self):
        self.column_by_role = {
            role: column for column, role in enumerate(self.layout.roles) if role
        }
        self._pick_rows()
        if not self.entries:
            self.errors.append("Filen har inga mål under rubrikraden.")
            return
        self._place_perspectives()
        self._place_goals()
        self._place_areas()
        self._list_changes()

    def _pick_rows(self):
        layout = self.layout
        for row in layout.body:
            texts = {}
            entry = Entry(row, texts)
            for role, column in self.column_by_role.items():
                cell, name = layout.cell(row, column), name_of_cell(row, column)
                text = self.choices.get(name) or cell.text.strip()
                if "description" not in role and not role.startswith("area"):
                    text = " ".join(text.split())
                texts[role] = text
                limit = MAX_LENGTHS.get(role)
                if cell.problem and name not in self.choices:
                    entry.errors.append(CellError(ROLES[role], cell.problem, name))
                elif limit and len(text) > limit:
                    problem = f"Texten har fler än {limit} tecken."
                    entry.errors.append(CellError(ROLES[role], problem, name, text[:limit]))
            if any(texts.values()) or entry.errors:
                self.entries.append(entry)
        # A cell that is empty, as in merged cells, means the same as the cell above.
        above = {"perspective_sv": "", "goal_sv": ""}
        for entry in self.entries:
            texts = entry.texts
            is_same = (
                not texts.get("perspective_sv")
                or texts["perspective_sv"] == above["perspective_sv"]
            )
            texts["perspective_sv"] = texts.get("perspective_sv") or above["perspective_sv"]
            if not texts["goal_sv"] and is_same:
                texts["goal_sv"] = above["goal_sv"]
            if not texts["goal_sv"] and any(
                text for role, text in texts.items() if not role.startswith("perspective")
            ):
                name = name_of_cell(entry.row, self.column_by_role["goal_sv"])
                entry.errors.append(CellError(ROLES["goal_sv"], "Målet saknas.", name))
            above = {role: texts[role] for role in above}
        if layout.rows_above:
            numbers = listed([row.number for row in layout.rows_above])
            self.advice.append(f"Rad {numbers} hoppas över: där finns inga mål.")
        if unread := layout.unread_columns():
            self.advice.append(f"Läses inte: {unread}.")
        if layout.hidden_numbers and not layout.reads_hidden_rows:
            numbers = listed(layout.hidden_numbers)
            word = "dold" if len(layout.hidden_numbers) == 1 else "dolda"
            self.advice.append(f"Rad {numbers} är {word} i filen och läses inte.")

    # --- Placing the rows ------------------------------------------------------------------------------

    def _matched(self, first_entries, names, existing, what):
        """Return the existing part for each of `names`, or None, and ask about names that are similar."""
        found = match_by_name(names, [part.name_sv for part in existing])
        matched = [None if index is None else existing[index] for index in found]
        new = [position for position, part in enumerate(matched) if part is None]
        free = [part for part in existing if part not in matched]
        closest = similar_names([names[p] for p in new], [part.name_sv for part in free])
        for position, index in zip(new, closest, strict=True):
            if index is None:
                continue
            entry = first_entries[position]
            name = f"same-{what}-{entry.row.number}"
            answer = self.choices.get(name, "")
            article = "Nytt mål" if what == "goal" else "Nytt perspektiv"
            same = "Samma mål, byt namn" if what == "goal" else "Samma perspektiv, byt namn"
            entry.questions.append(
                Question(
                    name,
                    f"”{names[position]}” liknar ”{free[index].name_sv}”, som redan finns.",
                    [("new", article), ("same", same)],
                    answer=answer,
                )
            )
            if answer == "same":
                matched[position] = free[index]
        return matched

    def _place_perspectives(self):
        entries = defaultdict(list)
        for entry in self.entries:
            if name := entry.texts["perspective_sv"]:
                entries[compact(name)].append(entry)
        first = [same[0] for same in entries.values()]
        names = [entry.texts["perspective_sv"] for entry in first]
        matched = self._matched(first, names, self.perspectives, "perspective")
        taken = {slug for part in self.perspectives for slug in (part.slug, part.slug_en) if slug}
        taken |= {f"budget-{year}" for year in range(self.plan.first_year, self.plan.last_year + 1)}
        self.perspective_nodes = {}
        for key, before in zip(entries, matched, strict=True):
            part = copy(before) if before else Perspective(plan=self.plan)
            node = self.perspective_nodes[key] = Node(part, before)
            for entry in entries[key]:
                self._set_texts(entry, node, "perspective")
            if not before:
                part.slug = self._slug(part.name_sv, taken, "perspektiv")
                part.slug_en = self._slug(part.name_en, taken, "") if part.name_en else ""
        self._order(self.perspective_nodes.values(), self.perspectives)

    def _slug(self, name, taken, fallback):
        # Addresses that begin with budget- are those of budgets.
        return free_code(
            re.sub(r"(?i)^budget\W", "", name), taken, fallback=fallback or "perspective"
        )

    def _place_goals(self):
        self.entries_by_goal = defaultdict(list)
        for entry in self.entries:
            if entry.texts["goal_sv"]:
                self.entries_by_goal[self._goal_key(entry)].append(entry)
        first = {key: entries[0] for key, entries in self.entries_by_goal.items()}
        has_column = "perspective_sv" in self.column_by_role
        in_perspective = defaultdict(list)
        for goal in self.goals:
            in_perspective[goal.perspective_id if has_column else None].append(goal)
        keys_by_parent = defaultdict(list)
        for key in first:
            keys_by_parent[key[0] if has_column else ""].append(key)
        before_by_key, moved = {}, list(self.goals)
        for parent, keys in keys_by_parent.items():
            node = self.perspective_nodes.get(parent)
            existing = (
                in_perspective[node.part.pk if node else None] if not node or node.before else []
            )
            entries = [first[key] for key in keys]
            names = [entry.texts["goal_sv"] for entry in entries]
            for key, before in zip(
                keys, self._matched(entries, names, existing, "goal"), strict=True
            ):
                before_by_key[key] = before
                if before:
                    moved.remove(before)
        # A goal that is new in its perspective may have been in another.
        for key in [key for key, before in before_by_key.items() if not before]:
            name = compact(first[key].texts["goal_sv"])
            goal = next((goal for goal in moved if compact(goal.name_sv) == name), None)
            if goal:
                moved.remove(goal)
                before_by_key[key] = goal
        self.unnamed_parents = {part.pk: Node(part, part) for part in self.perspectives}
        self.goal_nodes = {}
        for key in first:
            self._place_goal(key, first[key], before_by_key[key], has_column)
        for parent in {id(node.parent): node.parent for node in self.goal_nodes.values()}.values():
            nodes = [node for node in self.goal_nodes.values() if node.parent is parent]
            pk = parent.part.pk if parent else None
            self._order(nodes, [goal for goal in self.goals if goal.perspective_id == pk])

    def _goal_key(self, entry):
        return compact(entry.texts["perspective_sv"]), compact(entry.texts["goal_sv"])

    def _place_goal(self, key, entry, before, has_column):
        part = copy(before) if before else Goal(plan=self.plan)
        node = self.goal_nodes[key] = Node(part, before)
        if has_column:
            node.parent = self.perspective_nodes.get(key[0])
        elif before and before.perspective_id:
            node.parent = self.unnamed_parents[before.perspective_id]
        elif self.perspectives and not before:
            text = "Filen säger inte vilket perspektiv målet hör till. Lägg till en kolumn för det."
            entry.errors.append(CellError(ROLES["perspective_sv"], text, ""))
        parent_pk = node.parent.part.pk if node.parent else None
        has_moved = before and before.perspective_id != parent_pk
        if has_moved:
            names = {perspective.pk: str(perspective) for perspective in self.perspectives}
            old = names.get(before.perspective_id, "direkt i planen")
            new = str(node.parent.part) if node.parent else "direkt i planen"
            entry.changes.append(("Perspektiv", old, new))
        for other in self.entries_by_goal[key]:
            self._set_texts(other, node, "goal")
        if has_moved or not before:
            siblings = {goal.slug for goal in self.goals if goal.perspective_id == parent_pk}
            siblings |= {n.part.slug for n in self.goal_nodes.values() if n is not node}
            part.slug = free_code(part.slug or part.name_sv, siblings, fallback="mal")

    def _place_areas(self):
        self.area_nodes = []
        for key, goal in self.goal_nodes.items():
            existing = self.areas[goal.before.pk] if goal.before else []
            entries = [
                entry
                for entry in self.entries_by_goal[key]
                if entry.texts.get("area_sv") or entry.texts.get("area_en")
            ]
            texts = [entry.texts.get("area_sv", "") for entry in entries]
            found = match_by_name(texts, [area.text_sv for area in existing])
            new = [position for position, index in enumerate(found) if index is None]
            free = [index for index in range(len(existing)) if index not in found]
            closest = similar_names(
                [texts[p] for p in new], [existing[index].text_sv for index in free]
            )
            for position, index in zip(new, closest, strict=True):
                found[position] = None if index is None else free[index]
            nodes = []
            for entry, index in zip(entries, found, strict=True):
                before = None if index is None else existing[index]
                node = Node(copy(before) if before else FocusArea(), before)
                node.parent = goal
                self._set_texts(entry, node, "area")
                if not node.part.text_sv:
                    column = self.column_by_role.get("area_sv")
                    name = "" if column is None else name_of_cell(entry.row, column)
                    entry.errors.append(CellError(ROLES["area_sv"], "Texten saknas.", name))
                nodes.append(node)
            self._order(nodes, existing)
            self.area_nodes += nodes
            if self.way == WHOLE and "area_sv" in self.column_by_role:
                self.removed += [area for i, area in enumerate(existing) if i not in found]

    # --- Texts and order -------------------------------------------------------------------------------

    def _set_texts(self, entry, node, kind):
        """Set the texts of `node` that `entry` has, and note what changes in the entry."""
        entry.nodes.append(node)
        part = node.part
        fields = {
            f"{kind}_sv": "text_sv" if kind == "area" else "name_sv",
            f"{kind}_en": "text_en" if kind == "area" else "name_en",
            f"{kind}_description_sv": "description_sv",
            f"{kind}_description_en": "description_en",
        }
        if node.is_new and not node.is_filled:
            entry.has_new = True
        for role, field in fields.items():
            if role not in self.column_by_role:
                continue
            text = entry.texts[role]
            old = getattr(part, field) or ""
            # Rows below the first one of a goal needn't repeat its texts, and may differ in capitals.
            if text == old or (node.is_filled and (not text or role == f"{kind}_sv")):
                continue
            if node.is_filled and old:
                name = name_of_cell(entry.row, self.column_by_role[role])
                problem = "En rad ovanför har en annan text."
                entry.errors.append(CellError(ROLES[role], problem, name, old))
                continue
            setattr(part, field, text)
            entry.changes.append((ROLES[role], old or "tomt", text or "tomt"))
        node.is_filled = True

    def _order(self, nodes, existing):
        """Set the positions of `nodes` and of the others among their siblings."""
        nodes = list(nodes)
        pks = {part.pk for part in existing}
        if self.way == WHOLE:
            ordered = nodes
        else:
            by_pk = {node.before.pk: node for node in nodes if node.before}
            ordered = [by_pk.get(part.pk) or Node(part, part) for part in existing]
            ordered += [node for node in nodes if not node.before or node.before.pk not in pks]
        order = [node.before.pk for node in ordered if node.before and node.before.pk in pks]
        kept = [part.pk for part in existing if part.pk in set(order)]
        if order != kept and "Ordningen blir som i filen." not in self.notes:
            self.notes.append("Ordningen blir som i filen.")
        for position, node in enumerate(ordered, start=1):
            node.part.position = position

    def _list_changes(self):
        for entry in self.entries:
            texts = entry.texts
            name = (
                texts.get("area_sv")
                or texts["goal_sv"]
                or texts["perspective_sv"]
                or "Rad utan namn"
            )
            event = (
                review.NEW
                if entry.has_new
                else review.CHANGED
                if entry.changes
                else review.UNCHANGED
            )
            kinds = {FocusArea: "Insatsområde", Goal: "Mål", Perspective: "Perspektiv"}
            detail = kinds[type(entry.nodes[-1].part)] if entry.nodes else ""
            self.rows.append(
                ReviewedRow(
                    entry.row.number,
                    name,
                    event,
                    detail,
                    entry.changes,
                    entry.errors,
                    entry.questions,
                )
            )
        if self.way == WHOLE:
            kept = {node.before.pk for node in self.goal_nodes.values() if node.before}
            self.removed += [goal for goal in self.goals if goal.pk not in kept]
            if "perspective_sv" in self.column_by_role:
                kept = {n.before.pk for n in self.perspective_nodes.values() if n.before}
                self.removed += [part for part in self.perspectives if part.pk not in kept]
        for part in self.removed:
            name = type(part)._meta.verbose_name.capitalize()
            self.rows.append(ReviewedRow(None, str(part), review.REMOVED, name))
