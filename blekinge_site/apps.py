from django.contrib.admin.apps import AdminConfig


class StaffConfig(AdminConfig):
    verbose_name = "Logg"  # the app's only model in the admin
    default_site = "blekinge_site.staff.site.StaffSite"

    def ready(self):
        super().ready()
        # These modules replace other apps' admin classes and connect signal receivers.
        from blekinge_site.staff import accounts, edit_log, log_admin, signin_log  # noqa: F401
