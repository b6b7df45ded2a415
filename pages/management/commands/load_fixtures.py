from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction

from pages.models import Feedback, FormDraft


class Command(BaseCommand):
    help = "Load the content in fixtures/ into a database that has no content."

    @transaction.atomic
    def handle(self, **options):
        models = [
            model
            for app in ("pages", "planning")
            for model in apps.get_app_config(app).get_models()
            if model not in (Feedback, FormDraft)
        ]
        if any(model._base_manager.exists() for model in models):
            self.stdout.write("The database already has content, so no fixtures were loaded.")
            return
        fixtures = [
            path for folder in settings.FIXTURE_DIRS for path in Path(folder).glob("*.json")
        ]
        call_command("loaddata", *sorted(fixtures), stdout=self.stdout)
