from django.contrib.admin.apps import AdminConfig


class StaffConfig(AdminConfig):
    verbose_name = "Logg"  # which is all that this app shows
    default_site = "blekinge_site.staff.StaffSite"

    def ready(self):
        super().ready()
        from blekinge_site import edit_log, signin_log  # noqa: F401 - to listen
