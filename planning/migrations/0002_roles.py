"""The three roles, as groups: Redaktör edits drafts, Publicist publishes, Ansvarig keeps the accounts too."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

CONTENT = [
    ("pages", ["regionprofile", "dailystat", "administration", "corevalue", "page"]),
    (
        "planning",
        [
            "regionalplan",
            "perspective",
            "goal",
            "focusarea",
            "budget",
            "budgetline",
            "plandocument",
            "followup",
            "goalrating",
        ],
    ),
]
EDIT = ["add", "change", "delete", "view"]
EDITOR = [(app, f"{verb}_{model}") for app, models in CONTENT for model in models for verb in EDIT]
EDITOR += [("pages", "view_feedback")]
PUBLISHER = [
    *EDITOR,
    ("pages", "publish_regionprofile"),
    ("pages", "publish_page"),
    ("planning", "publish_regionalplan"),
]
MANAGER = [
    *PUBLISHER,
    *(("auth", f"{verb}_user") for verb in EDIT),
    ("auth", "view_group"),
    ("admin", "view_logentry"),
    ("pages", "delete_feedback"),
]


def make_roles(apps, schema_editor):
    # Django makes permissions when all migrations have run, which is too late here.
    for label in ("admin", "auth", "pages", "planning"):
        config = apps.get_app_config(label)
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = None
    group, permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    for name, wanted in (("Redaktör", EDITOR), ("Publicist", PUBLISHER), ("Ansvarig", MANAGER)):
        role, _made = group.objects.get_or_create(name=name)
        for label, codename in wanted:
            role.permissions.add(
                permission.objects.get(content_type__app_label=label, codename=codename)
            )


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("pages", "0001_initial"),
        ("planning", "0001_initial"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
