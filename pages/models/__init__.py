"""The region's profile, the editorial pages, and feedback from visitors."""

from pages.models.form_drafts import FormDraft
from pages.models.limits import SendCount
from pages.models.pages import Feedback, Page
from pages.models.profile import (
    Administration,
    CoreValue,
    DailyStat,
    RegionProfile,
)
from pages.publishing.revisions import OpenForm, Revision

__all__ = [
    "Administration",
    "CoreValue",
    "DailyStat",
    "Feedback",
    "FormDraft",
    "OpenForm",
    "Page",
    "RegionProfile",
    "Revision",
    "SendCount",
]
