from django.contrib.admin.apps import AdminConfig


class StaffConfig(AdminConfig):
    verbose_name = "Logg"  # which is all that this app shows
    default_site = "blekinge_site.staff.site.StaffSite"

    def ready(self):
        super().ready()
        from blekinge_site.staff import (
            edit_log,  # noqa: F401 - to listen
            signin_log,  # noqa: F401 - to listen
        )
