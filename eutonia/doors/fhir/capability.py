"""What the FHIR door can do, in FHIR's own words; nothing stands here that it cannot."""

from __future__ import annotations

from typing import Final

from eutonia import __version__
from eutonia.doors.fhir.fields import Json

_DATE: Final = "2026-11-23"
_SAYS: Final = (
    "Reads the record of one patient, says what is true of it and matters for baclofen therapy, which plans the rules "
    "allow, and what a model expects of each. Options with their basis, never a directive; it writes nothing back."
)


def capabilities(base: str) -> Json:
    """The capability statement of the door at this address."""
    everything = "http://hl7.org/fhir/OperationDefinition/Patient-everything"
    advise = f"{base}/OperationDefinition/advise"
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _DATE,
        "kind": "instance",
        "software": {"name": "Eutonia", "version": __version__},
        "implementation": {"description": "Eutonia, decision support for baclofen therapy", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": _SAYS,
                "resource": [
                    {
                        "type": "OperationDefinition",
                        "interaction": [{"code": "read"}],
                    },
                    {
                        "type": "Patient",
                        "interaction": [
                            {"code": "read"},
                            {"code": "search-type", "documentation": "by POST to _search alone: no id in an address"},
                        ],
                        "searchParam": [
                            {
                                "name": "identifier",
                                "definition": "http://hl7.org/fhir/SearchParameter/Patient-identifier",
                                "type": "token",
                            }
                        ],
                        "operation": [
                            {"name": "everything", "definition": everything},
                            {"name": "advise", "definition": advise},
                        ],
                    },
                ],
                "operation": [{"name": "advise", "definition": advise}],
            }
        ],
    }


def advise_operation(base: str) -> Json:
    """The definition of the operation $advise."""

    def given(name: str, type_: str, says: str) -> Json:
        return {"name": name, "use": "in", "min": 0, "max": "1", "documentation": says, "type": type_}

    return {
        "resourceType": "OperationDefinition",
        "id": "advise",
        "url": f"{base}/OperationDefinition/advise",
        "version": __version__,
        "name": "Advise",
        "title": "Advice on baclofen therapy",
        "status": "active",
        "kind": "operation",
        "date": _DATE,
        "description": _SAYS,
        "affectsState": False,
        "code": "advise",
        "resource": ["Patient"],
        "system": True,
        "type": False,
        "instance": True,
        "parameter": [
            given("bundle", "Bundle", "The record of one patient. Needed where no patient is named in the address."),
            given("now", "dateTime", "The moment of the advice; the server's clock if not given."),
            given("jurisdiction", "code", "Whose rules hold: US, DE or UK."),
            given("predictions", "boolean", "False: nothing is predicted, and the answer comes sooner."),
            {
                "name": "return",
                "use": "out",
                "min": 1,
                "max": "1",
                "documentation": "The chart as it was read, and the advice.",
                "type": "Bundle",
            },
        ],
    }
