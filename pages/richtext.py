"""Rich text: what an editor may write, and nothing else, whichever way it comes in."""

from django_prose_editor.fields import ProseEditorField

EXTENSIONS = {
    "Bold": True,
    "Italic": True,
    "Heading": {"levels": [2, 3]},
    "BulletList": True,
    "OrderedList": True,
    "ListItem": True,
    "Blockquote": True,
    "Link": {"enableTarget": False, "protocols": ["http", "https", "mailto", "tel"]},
}


class RichTextField(ProseEditorField):
    """HTML from the editor in the admin, reduced to `EXTENSIONS` on every save."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, extensions=EXTENSIONS, sanitize=True, **kwargs)

    def get_db_prep_save(self, value, connection):
        # Here, where every way to save leads: forms, code, fixtures, updates.
        return super().get_db_prep_save(self.sanitize(value) if value else value, connection)
