"""Who looked at a chart: an audit event, for whoever keeps the log of a door."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from eutonia.doors.fhir.fields import HL7, Json, tidy
from eutonia.doors.fhir.people import patient_id
from eutonia.doors.fhir.writing import name_of
from eutonia.moment import iso

Action = Literal["create", "read", "update", "delete", "execute"]
_LETTERS: Final[dict[Action, str]] = {"create": "C", "read": "R", "update": "U", "delete": "D", "execute": "E"}


def access(
    who: str, at: datetime, action: Action, what: str, person: str | None = None, *, served: bool = True
) -> Json:
    """The audit event of one access: `who` (a user's id) did `action` on `what` (such as 'Patient/$everything').

    person: the id of the person on the chart.  Ids only: a log is read by more people than a chart.
    """
    return tidy(  # type: ignore[no-any-return]
        {
            "resourceType": "AuditEvent",
            "id": name_of("access", who, iso(at), action, what, person or ""),
            "type": {"system": f"{HL7}audit-event-type", "code": "rest", "display": "RESTful Operation"},
            "action": _LETTERS[action],
            "recorded": iso(at),
            "outcome": "0" if served else "4",
            "agent": [{"who": {"identifier": {"value": who}}, "requestor": True}],
            "source": {"observer": {"display": "Eutonia"}},
            "entity": [
                {
                    "what": {"reference": f"Patient/{patient_id(person)}"} if person else None,
                    "description": what,
                }
            ],
        }
    )
