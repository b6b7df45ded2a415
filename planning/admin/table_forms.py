"""The forms of a table's columns and lines, as rows of the form of the table."""

from itertools import chain, count

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat
from django.utils.functional import cached_property
from django.utils.text import slugify

from pages.editing.forms import ContentForm
from planning.admin.amount_fields import AmountCellField
from planning.admin.table_grid import Grid, is_deleted
from planning.models import BudgetColumn, BudgetLine, BudgetTable
from planning.models.budgets import SECOND_RESULT_MESSAGE

ROW_NOT_IN_TABLE = "Raden finns inte längre i tabellen."
SAME_HEADING = "En annan kolumn har samma slag, år och rubrik. Ändra något av det."


def free_code(text, taken, max_length):
    """Return a slug of `text` that isn't among the codes in `taken`, with a number if needed."""
    base = slugify(text)[: max_length - 4].strip("-") or "rad"
    numbered = (f"{base}-{number}" for number in count(2))
    return next(code for code in chain([base], numbered) if code not in taken)


class RowField(forms.ModelChoiceField):
    """The hidden field that says which row of a formset a form is for. Makes no queries."""

    widget = forms.HiddenInput

    def __init__(self, formset, form):
        self.rows = {str(row.pk): row for row in formset.get_queryset()}
        queryset = formset.model.objects.none()
        super().__init__(queryset, required=False, initial=form.instance.pk)

    def to_python(self, value):
        if not value:
            return None
        if str(value) not in self.rows:
            raise ValidationError(ROW_NOT_IN_TABLE, "invalid_choice")
        return self.rows[str(value)]


class PartFormSet(forms.BaseInlineFormSet):
    """Rows of a table's form. Validating them takes no queries."""

    def add_fields(self, form, index):
        super().add_fields(form, index)
        form.fields["id"] = RowField(self, form)

    def validate_unique(self):
        """Leave it to `clean`, which knows all rows of the table."""

    @property
    def kept_forms(self):
        """The valid forms of rows that will exist once the form has been saved."""
        return [
            form
            for form in self.forms
            if hasattr(form, "cleaned_data")
            and not is_deleted(form)
            and (form.instance.pk or form.has_changed())
        ]


class PartForm(forms.ModelForm):
    def validate_constraints(self):
        """Leave it to `clean` here and in the formset; a constraint would take a query for each row."""


# --- The table -------------------------------------------------------------------------------------


class BudgetTableForm(ContentForm):
    def clean(self):
        data = self.cleaned_data
        if "slug" in self.fields and not data.get("slug") and "slug" not in self.errors:
            budget = data.get("budget") or self.instance.budget
            others = BudgetTable.objects.filter(budget=budget).exclude(pk=self.instance.pk)
            taken = set(others.values_list("slug", flat=True))
            data["slug"] = free_code(data.get("title_sv") or "tabell", taken, 100)
        return super().clean()


# --- Columns ---------------------------------------------------------------------------------------


class ColumnForm(PartForm):
    def clean(self):
        data = super().clean()
        year, last_year = data.get("year"), data.get("last_year")
        if year is not None and not 1000 <= year <= 9999:
            self.add_error("year", "Skriv året med fyra siffror.")
        elif year and last_year is not None and not year < last_year <= 9999:
            self.add_error("last_year", "Skriv ett senare år än det första, eller inget.")
        if data.get("position") == 0:
            self.add_error("position", "Ordningen börjar på 1.")
        return data

    def has_changed(self):
        # The first column of a new table is saved as it is offered.
        is_offered = self.instance.pk is None and not self.empty_permitted
        return is_offered or super().has_changed()


class ColumnFormSet(PartFormSet):
    def clean(self):
        super().clean()
        headings = set()
        for form in self.kept_forms:
            column = form.instance
            heading = (column.kind, column.year, column.last_year, column.name)
            if heading in headings:
                form.add_error(None, SAME_HEADING)
            headings.add(heading)

    def save_new(self, form, commit=True):
        column = form.instance
        taken = set(BudgetColumn.objects.filter(table=self.instance).values_list("code", flat=True))
        column.code = free_code(column.code_from_heading() or "kolumn", taken, 40)
        return super().save_new(form, commit)


# --- Lines -----------------------------------------------------------------------------------------


def field_name(column):
    """Return the name of the form field for the amount in `column`."""
    return f"amount_{column.code}"


class LineForm(PartForm):
    """A line with a field for each column of its table."""

    def __init__(self, *args, columns, decimals, **kwargs):
        super().__init__(*args, **kwargs)
        self.columns = columns
        for field in self.fields.values():
            field.help_text = ""  # a row has no room for it
        self.fields["code"].required = False
        for name in ("name_sv", "name_en"):  # long names wrap
            self.fields[name].widget = forms.Textarea(attrs={"rows": 1})
        for column in columns:
            name = field_name(column)
            label = f"{self.instance.name}, {column}" if self.instance.pk else str(column)
            self.fields[name] = AmountCellField(decimals=decimals, label=label)
            self.initial.setdefault(name, self.instance.amount(column))

    def has_changed(self):
        # A row without a name and an amount is an empty one, whatever its kind and place.
        return super().has_changed() and (
            self.instance.pk is not None or bool({*self.changed_data} - {"kind", "position"})
        )

    def clean(self):
        data = super().clean()
        if data.get("position") == 0:
            self.add_error("position", "Ordningen börjar på 1.")
        for name in ("name_sv", "name_en"):
            if data.get(name):
                data[name] = " ".join(data[name].split())
        amounts = dict(self.instance.amounts)
        for column in self.columns:
            amounts.pop(column.code, None)
            if (amount := data.get(field_name(column))) is not None:
                amounts[column.code] = amount
        self.instance.amounts = amounts
        return data


class LineFormSet(PartFormSet):
    """The lines of a table. `shown_code` is the code of the column whose sums are checked, or None."""

    def __init__(self, *args, shown_code=None, **kwargs):
        self.shown_code = shown_code
        super().__init__(*args, **kwargs)

    @cached_property
    def columns(self):
        """The saved columns of the table; a new one has no amounts yet."""
        return list(self.instance.columns.all()) if self.instance.pk else []

    def get_form_kwargs(self, index):
        decimals = min(self.instance.decimals or 0, 3)
        return super().get_form_kwargs(index) | {"columns": self.columns, "decimals": decimals}

    @cached_property
    def grid(self):
        return Grid(self)

    def clean(self):
        super().clean()
        codes = {form.cleaned_data.get("code") for form in self.kept_forms}
        given, results = set(), 0
        for form in self.kept_forms:
            line, code = form.instance, form.cleaned_data.get("code")
            if not code and "code" not in form.errors:
                line.code = form.cleaned_data["code"] = free_code(line.name, codes, 100)
                codes.add(line.code)
            elif code in given:
                form.add_error("code", f"En annan rad har koden ”{code}”.")
            given.add(line.code)
            results += line.kind == line.Kind.RESULT
            if line.kind == line.Kind.RESULT and results > 1:
                form.add_error("kind", SECOND_RESULT_MESSAGE)

    def save_existing_objects(self, commit=True):
        # Two lines may exchange codes, or one become the result in place of another.
        rows = [
            form.instance.pk
            for form in self.initial_forms
            if {"kind", "code", "DELETE"} & set(form.changed_data)
        ]
        if commit and rows:
            own_code = Concat(Value("rad-utan-kod-"), Cast("pk", CharField()))
            BudgetLine.objects.filter(pk__in=rows).update(kind=BudgetLine.Kind.ITEM, code=own_code)
        return super().save_existing_objects(commit)
