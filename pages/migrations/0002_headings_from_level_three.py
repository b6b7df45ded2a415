"""Rich text has headings of level 3 and 4; until now it had 2 and 3."""

import re

from django.db import migrations

BODIES = ("body", "body_sv", "body_en")


def moved(levels):
    """Return what moves the headings of every page by `levels`, 1 or −1."""

    def move(apps, schema_editor):
        pages = apps.get_model("pages", "Page").objects
        for page in pages.all():
            bodies = {name: html for name in BODIES if (html := getattr(page, name))}
            pages.filter(pk=page.pk).update(
                **{
                    name: re.sub(
                        r"(</?h)(\d)>", lambda tag: f"{tag[1]}{int(tag[2]) + levels}>", html
                    )
                    for name, html in bodies.items()
                }
            )

    return move


class Migration(migrations.Migration):
    dependencies = [("pages", "0001_initial")]

    operations = [migrations.RunPython(moved(1), moved(-1))]
