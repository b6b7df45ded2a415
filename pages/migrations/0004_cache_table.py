"""The table that the sign-in counts attempts in; see CACHES in the settings."""

from django.core.management import call_command
from django.db import migrations


def make_table(apps, schema_editor):
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("pages", "0003_versions")]

    operations = [migrations.RunPython(make_table, migrations.RunPython.noop)]
