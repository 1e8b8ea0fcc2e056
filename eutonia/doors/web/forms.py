"""What can be written on a chart from the pages: one form a kind of event, each made into the line that the chart will hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from eutonia.chart.text import CLASSES, DEVICE, REQUESTS, SCALES, ReadError
from eutonia.findings.phrases import names
from eutonia.knowledge import book
from eutonia.quantity import QuantityError

Said = Mapping[str, str]


class Field(Struct, frozen=True):
    """One field: nothing is filled in beforehand, and nothing selected.  `hint` says how it is written.

    `offered` gives a pick list beside free text.
    """

    name: str
    label: str
    hint: str = ""
    choices: tuple[str, ...] = ()
    needed: bool = True
    offered: Callable[[], tuple[str, ...]] | None = None


class Form(Struct, frozen=True):
    """A kind of event: its fields, and the line that they make.  `first`: among the most used ones."""

    name: str
    title: str
    says: str
    fields: tuple[Field, ...]
    line: Callable[[Said], str]
    first: bool = False


def _joined(kind: str, first: str, *rest: tuple[str, str]) -> str:
    """A line: its kind, what stands first, and the details that were given."""
    return "; ".join([f"{kind} {first}".strip(), *(f"{name} {said}".strip() for name, said in rest if said)])


def _score(said: Said) -> str:
    scale = said["scale"]
    if (said["legs"] or said["arms"]) and not scale:
        raise QuantityError("the scale of the Ashworth score is missing; 'ashworth' has 0 to 5, 'modified ashworth' 1+")
    marks = [f"{scale} {place} {said[place]}" for place in ("legs", "arms") if said[place]]
    marks += [f"penn {said['penn']}"] if said["penn"] else []
    marks += [f"h/m {said['hm']}"] if said["hm"] else []
    if not marks:
        raise QuantityError("no score was entered; fill in at least one")
    return f"score {'; '.join(marks)}"


def _symptom(said: Said) -> str:
    return _joined("symptom", said["text"], ("", "" if said["state"] == "present" else said["state"]))


def _oral(said: Said) -> str:
    return _joined("oral", said["regimen"], ("liquid", said["liquid"]))


def _medication(said: Said) -> str:
    return f"medication {'stop ' if said['state'] == 'stopped' else ''}{said['text']}"


def _response(said: Said) -> str:
    return _joined("response", said["outcome"], ("lasted", said["lasted"]))


def _refill(said: Said) -> str:
    return _joined(
        "refill", f"{said['volume']} of {said['strength']}", ("product", said["product"]), ("lot", said["lot"])
    )


def _request(said: Said) -> str:
    if said["kind"] in ("adjust to", "strength") and not said["value"]:
        raise QuantityError(f"'{said['kind']}' needs its value, such as '150 mcg/day' or '2000 mcg/mL'")
    value = said["value"] if said["kind"] in ("adjust to", "strength") else ""
    return _joined("request", f"{said['kind']} {value}".strip(), ("volume", said["volume"]), ("", said["setting"]))


_ASHWORTH: Final = tuple(dict.fromkeys([*SCALES["modified ashworth"], *SCALES["ashworth"]]))
_VOLUME = "with its unit, such as 18 mL"
_STRENGTH = "with its unit, such as 500 mcg/mL"

FORMS: Final[Mapping[str, Form]] = {
    form.name: form
    for form in (
        Form(
            "score", "Score", "Tone and spasms, as they were scored.",
            (
                Field("scale", "Scale of the Ashworth score", "the modified scale has 1+", ("ashworth", "modified ashworth"), False),
                Field("legs", "Ashworth, legs", "", _ASHWORTH, False),
                Field("arms", "Ashworth, arms", "", _ASHWORTH, False),
                Field("penn", "Penn, spasms", "", SCALES["penn"], False),
                Field("hm", "H/M ratio", "a number such as 0.4", (), False),
            ),
            _score, True,
        ),
        Form(
            "symptom", "Symptom or sign", "In your own words; several with commas; vital signs with their numbers; or: none.",
            (
                Field("text", "What", "such as somnolence, slow breathing, SpO2 90 %", offered=lambda: names(book())),
                Field("state", "State", "the last three classify what was not recognized", ("present", "resolved", *CLASSES)),
            ),
            _symptom, True,
        ),
        Form(
            "lab", "Laboratory result or level", "A value with its unit.",
            (
                Field("test", "Test", "", ("creatinine", "egfr", "clearance", "ck", "plasma", "lumbar", "aspirate", "csf")),
                Field("value", "Value", "with its unit, such as 0.9 mg/dL"),
            ),
            lambda said: f"lab {said['test']} {said['value']}", True,
        ),
        Form(
            "oral", "Order by mouth", "The whole regimen from now on; it replaces the one before.",
            (
                Field("regimen", "Regimen", "such as 10 mg three times a day; or: stop"),
                Field("liquid", "Liquid", "its strength, where it is one: such as 1 mg/mL", (), False),
            ),
            _oral, True,
        ),
        Form(
            "trial", "Screening bolus", "The dose that was given; a second person enters it again, blind.",
            (Field("dose", "Dose", "with its unit, such as 50 mcg"),), lambda said: f"trial {said['dose']}", True,
        ),
        Form(
            "response", "Response to the trial", "The outcome of the last screening bolus.",
            (Field("outcome", "Outcome", "", ("positive", "none")), Field("lasted", "How long it lasted", "such as 7 h", (), False)),
            _response,
        ),
        Form(
            "residual", "Residual volume", "What was drawn from the chamber; it is compared with what should be left.",
            (Field("volume", "Volume", _VOLUME),), lambda said: f"residual {said['volume']}", True,
        ),
        Form(
            "refill", "Refill", "The chamber was emptied and filled; a second person enters it again, blind.",
            (
                Field("volume", "Volume", _VOLUME), Field("strength", "Strength", _STRENGTH),
                Field("product", "What the label of the vial says", _STRENGTH), Field("lot", "Lot", "", (), False),
            ),
            _refill, True,
        ),
        Form(
            "program", "Program of the pump", "What the pump was told; a second person enters it again, blind.",
            (Field("program", "Program", "such as continuous 120 mcg/day; bolus 12 mcg at 06:00, 22:00; or: stop"),),
            lambda said: f"program {said['program']}", True,
        ),
        Form(
            "bridge", "Bridge bolus", "After a change of strength; a second person enters it again, blind.",
            (Field("dose", "Dose", "such as 182 mcg"), Field("over", "Over", "such as 36.4 h")),
            lambda said: f"bridge {said['dose']} over {said['over']}",
        ),
        Form("prime", "Prime bolus", "Once after an implant or a revision.", (Field("volume", "Volume", "such as 0.364 mL"),),
             lambda said: f"prime {said['volume']}"),
        Form("device", "About the pump", "What the pump showed or went through.", (Field("what", "What", "", DEVICE),),
             lambda said: f"device {said['what']}"),
        Form(
            "emptied", "Reservoir emptied", "The reservoir was emptied and not filled again, as after an overdose.",
            (Field("volume", "Volume that came out", "with its unit, such as 12 mL"),), lambda said: f"emptied {said['volume']}",
        ),
        Form(
            "aspirated", "Catheter aspirated", "The catheter was aspirated through its access port; no drug is left in it.",
            (Field("volume", "Volume", "such as 2 mL", (), False),), lambda said: f"aspirated catheter {said['volume']}".strip(),
        ),
        Form(
            "stall", "Stall in the pump's log", "A readout found that the motor stood still for a time.",
            (Field("begin", "From", "such as 2026-01-10 09:20"), Field("end", "To", "such as 2026-01-10 21:20")),
            lambda said: f"device read out, stall {said['begin']} to {said['end']}",
        ),
        Form(
            "explained", "An explanation", "A difference or an uncertainty about the pump was explained; it stays visible.",
            (Field("what", "Of what", "", ("residual", "delivery", "refill")), Field("how", "How")),
            lambda said: f"explained {said['what']}; {said['how']}",
        ),
        Form("contact", "Contact", "The patient was seen or spoken to.", (), lambda _: "contact"),
        Form("weight", "Weight", "", (Field("value", "Weight", "such as 72 kg"),), lambda said: f"weight {said['value']}"),
        Form(
            "medication", "Another drug", "Taken, or stopped.",
            (Field("text", "Drug and dose", "such as oxycodone 5 mg four times a day"), Field("state", "State", "", ("taken", "stopped"))),
            _medication,
        ),
        Form(
            "request", "A question to the rules", "What you want to see planned; the options then stand on the page.",
            (
                Field("kind", "What", "", REQUESTS),
                Field("value", "Value", "for 'adjust to' and 'strength': such as 150 mcg/day, 2000 mcg/mL", (), False),
                Field("volume", "Volume", "for a refill or a strength: such as 20 mL", (), False),
                Field("setting", "Setting", "", ("inpatient", "outpatient"), False),
            ),
            _request, True,
        ),
        Form(
            "override", "Override", "Lifts the stop of a finding or a kind of plan; name and reason stay visible.",
            (Field("what", "Finding or kind of plan", "its id, such as kidney"), Field("because", "Because")),
            lambda said: _joined("override", said["what"], ("because", said["because"])),
        ),
        Form("note", "Note", "Anything else; it is never interpreted.", (Field("text", "Note"),), lambda said: f"note {said['text']}"),
        Form(
            "line", "Any other line", "As the chart writes it; see docs/chart.md.",
            (Field("text", "Line", "without the moment, such as condition epilepsy"),), lambda said: said["text"],
        ),
    )
}  # fmt: skip
# Where a ';' belongs to what is written; anywhere else it would begin a detail that nobody entered.
_SEVERAL: Final = {("program", "program"), ("line", "text")}


def says_of(error: ReadError | QuantityError) -> str:
    """What is wrong with what was typed, for the page beside the form: without the place in a text that nobody sees."""
    return " ".join(each.says for each in error.problems) if isinstance(error, ReadError) else str(error)


def line_of(form: Form, form_said: Said) -> str:
    """The line that a form makes, without its moment.  Raises QuantityError for what cannot stand on a line."""
    said: dict[str, str] = {}
    for field in form.fields:
        value = " ".join(form_said.get(field.name, "").split())
        if field.needed and not value:
            raise QuantityError(f"'{field.label}' is missing")
        if field.choices and value and value not in field.choices:
            raise QuantityError(f"'{field.label}' is one of: {', '.join(field.choices)}")
        if "#" in value:
            raise QuantityError(f"'{field.label}' holds a '#', which would cut the line off; write it without")
        if ";" in value and (form.name, field.name) not in _SEVERAL:
            raise QuantityError(f"'{field.label}' holds a ';', which would begin another detail; write it without")
        said[field.name] = value
    return form.line(said)
