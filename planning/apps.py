from importlib import import_module

from django.apps import AppConfig


class PlanningConfig(AppConfig):
    name = "planning"
    verbose_name = "Regionplan och budget"

    def ready(self):
        import_module("planning.checks")  # makes itself known to pages.checks
