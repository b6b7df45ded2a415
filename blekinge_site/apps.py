from django.contrib.admin.apps import AdminConfig


class StaffConfig(AdminConfig):
    verbose_name = "Logg"  # which is all that this app shows
    default_site = "blekinge_site.staff.site.StaffSite"

    def ready(self):
        super().ready()
        # Accounts replace what other apps have registered; the logs listen for signals.
        from blekinge_site.staff import accounts, edit_log, signin_log  # noqa: F401
