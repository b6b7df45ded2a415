from django.urls import path
from django.utils.translation import gettext_lazy as _

from pages import feedback, views

app_name = "pages"

urlpatterns = [
    path(_("om-region-blekinge/"), views.profile_page, name="profile"),
    path(_("aterkoppling/"), feedback.receive, name="feedback"),
    path(_("aterkoppling/tack/"), feedback.thanks, name="feedback_thanks"),
    path("<slug:slug>/", views.editorial_page, name="page"),  # last, because it matches any slug
]
