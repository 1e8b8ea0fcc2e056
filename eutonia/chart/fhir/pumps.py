"""A pump that is on the record: it is named, never turned into the state of a pump."""

from __future__ import annotations

import re
from typing import Final

from eutonia.chart import event as e
from eutonia.chart.fhir.bundle import Item
from eutonia.chart.fhir.fields import Json, NotRead, an_object, concept, line, objects, status
from eutonia.chart.fhir.reading import Reading, own, placed

_PUMP: Final = re.compile(
    r"infusion pump|synchromed|prometra|(?:intrathecal|baclofen|drug|implantable|implanted) pump", re.I
)
_OTHER_PUMP: Final = re.compile(r"insulin|enteral|feeding|syringe|breast", re.I)

# How the note of a pump begins.
NAMES_A_PUMP: Final = "the record names a pump: "

_COUNTING: Final = {
    "Device": frozenset({"active", "inactive"}),
    "DeviceUseStatement": frozenset({"active", "completed"}),
    "Procedure": frozenset({"completed", "in-progress"}),
}
_DATES: Final = {
    "Device": (),
    "DeviceUseStatement": ("timingDateTime", "timingPeriod.start", "recordedOn"),
    "Procedure": ("performedDateTime", "performedPeriod.start"),
}


def read_pump(item: Item, reading: Reading) -> None:
    """A note where an infusion pump, or a procedure on one, is named; everything else is counted."""
    texts = _texts(item.type, item.data)
    if item.type == "DeviceUseStatement":
        device = an_object(item.data.get("device"))
        texts += [line(device.get("display")), *_texts("Device", reading.bundle.find(device, item) or {})]
    text = next((each for each in texts if _PUMP.search(each) and not _OTHER_PUMP.search(each)), None)
    if text is None:
        reading.count(item, "not part of a baclofen chart")
        return
    try:
        own(item)
        status(item.data.get("status"), _COUNTING[item.type])
    except NotRead as reason:
        raise NotRead(f"{text}: {reason.what}", reason.why) from None
    names = _DATES[item.type]
    reading.add(placed(item, reading, *names) if names else None, e.Note(NAMES_A_PUMP + text))
    reading.drop(item, text, "pump state is not read from records; write implant, refill and program lines")


def _texts(type_: str, data: Json) -> list[str]:
    code = concept(data.get("type" if type_ == "Device" else "code"))
    names = [line(each.get("name")) for each in objects(data.get("deviceName"))]
    return [code.text, *code.displays, *names, line(data.get("modelNumber"))]
