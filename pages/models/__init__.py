"""Who we are: the region's profile, the editorial pages, and what visitors thought of them."""

from pages.models.limits import SendCount
from pages.models.pages import Feedback, Page
from pages.models.profile import (
    ENGLISH_SLUG,
    Administration,
    CoreValue,
    DailyStat,
    Ordered,
    RegionProfile,
)
from pages.publishing.revisions import OpenForm, Revision

__all__ = [
    "ENGLISH_SLUG",
    "Administration",
    "CoreValue",
    "DailyStat",
    "Feedback",
    "OpenForm",
    "Ordered",
    "Page",
    "RegionProfile",
    "Revision",
    "SendCount",
]
