"""The form class of the content admins."""

from django import forms

from pages.editing.fields import free_slug


class ContentForm(forms.ModelForm):
    """Fills in an empty slug, and validates what an ordinary model form leaves out.

    `ContentAdmin.get_form` sets the attributes below on the class that it creates for each request.
    """

    # Names of fields that the form leaves out, but that constraints depend on.
    closed_fields = frozenset()
    # What the user has typed before and not saved, as a QueryDict; it fills in a form that nobody has sent.
    draft = None

    @staticmethod
    def find_errors(form):
        """Return the errors, as ValidationError or str, that concern `form` as a whole."""
        return []

    def __init__(self, data=None, *args, **kwargs):
        super().__init__(self.draft if data is None else data, *args, **kwargs)

    def clean(self):
        cleaned_data = super().clean()
        if "slug" in self.fields and not cleaned_data.get("slug") and "slug" not in self.errors:
            cleaned_data["slug"] = free_slug(self.instance, cleaned_data)
        for error in self.find_errors(self):
            self.add_error(None, error)
        return cleaned_data

    def _get_validation_exclusions(self):
        return super()._get_validation_exclusions() - self.closed_fields
