"""What the admin classes of the parts of a plan share."""

from django import forms

from pages.editing.content_admin import ContentAdmin
from pages.publishing.publishable import Part
from planning.models import BudgetTable, Goal, Indicator


class PathChoiceField(forms.ModelChoiceField):
    """A choice field that labels each object with its path: 2019–2021 › kompetens."""

    def label_from_instance(self, obj):
        if isinstance(obj, Goal):
            path = [obj.plan.period, *filter(None, [obj.perspective]), obj]
            return " › ".join(map(str, path))
        if isinstance(obj, (BudgetTable, Indicator)):
            parent = obj.budget if isinstance(obj, BudgetTable) else obj.goal
            return f"{obj.publishable().period} › {parent} › {obj}"
        return f"{obj.plan.period} › {obj}"


class PlanPartAdmin(ContentAdmin):
    """Admin of a part of a perspective, goal or budget. The form shows the parent's whole path."""

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == self.parent_field:
            parent_model = self.model.parent_model()
            if issubclass(parent_model, Part):
                paths = [parent_model.path_to_publishable()]
                if parent_model is Goal:
                    paths.append("perspective")  # part of its label
                parents = parent_model.objects.select_related(*paths)
                kwargs |= {"form_class": PathChoiceField, "queryset": parents}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
