from django.contrib.admin.apps import AdminConfig


class StaffConfig(AdminConfig):
    default_site = "blekinge_site.staff.StaffSite"

    def ready(self):
        super().ready()
        from blekinge_site import signin_log  # noqa: F401 - to listen
