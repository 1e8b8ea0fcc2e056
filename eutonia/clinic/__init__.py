"""Who works with a ledger, who looked at what, and what waits for a second person."""

from eutonia.clinic.drafts import Draft, Drafts
from eutonia.clinic.feedback import Feedback
from eutonia.clinic.objections import Objection
from eutonia.clinic.pulse import Pulse
from eutonia.clinic.reviews import Review, Reviews
from eutonia.clinic.staff import ROLES, Member, Role, Session, Staff, StaffError
from eutonia.clinic.trail import Access, Trail

__all__ = [
    "ROLES", "Access", "Draft", "Drafts", "Feedback", "Member", "Objection", "Pulse", "Review", "Reviews", "Role", "Session", "Staff", "StaffError", "Trail",
]  # fmt: skip
