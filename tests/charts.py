"""Charts for the tests: one a clinic could have written, and a strategy that writes many, sound and unsound."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import assume
from hypothesis import strategies as st

import eutonia
from eutonia.advice import Advice

ORAL = """\
2026-01-05 09:30 person id A-17; born 1979-04-11; sex female
2026-01-05 weight 72 kg
2026-01-05 height 175 cm
2026-01-05 condition multiple sclerosis; origin spinal
2026-01-05 allergy none known
2026-01-05 medications no others
2026-01-05 pregnancy no
2026-01-05 breastfeeding no
2026-01-05 lab creatinine 0.7 mg/dL
2026-01-05 score ashworth legs 3; arms 2; penn 3
"""

SCREENED = """\
2026-01-05 09:30 person id A-17; born 1979-04-11; sex male
2026-01-05 weight 72 kg
2026-01-05 height 175 cm
2026-01-05 condition spinal cord injury; level T10; origin spinal
2026-01-05 allergy none known
2026-01-05 medications no others
2026-01-05 lab creatinine 0.9 mg/dL
2026-01-05 score ashworth legs 3; penn 3
2026-02-20 failed oral baclofen 80 mg/day; no effect
2026-03-01 09:00 trial 50 mcg
2026-03-01 17:00 response positive; lasted 7 h
"""

FILLED = (
    SCREENED
    + """\
2026-03-20 10:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10; alarm 4 mL
2026-03-20 11:00 refill 18 mL of 500 mcg/mL
"""
)

PUMP = FILLED + "2026-03-20 11:05 program continuous 100 mcg/day\n"

LONG = (
    PUMP
    + "2026-03-25 10:00 program continuous 120 mcg/day\n2026-06-20 10:00 explained delivery; all checked; by Dr X\n"
)

_BEGIN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def _program(draw: st.DrawFn) -> str:
    daily = draw(
        st.sampled_from(["24", "50", "96", "100", "110", "250.5", "300", "640", "999.9", "1440", "2003", "5000"])
    )
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return "program stop"
    if kind == 1:
        return (
            f"program continuous {daily} mcg/day; bolus {draw(st.sampled_from(['5', '12', '60']))} mcg at 06:00, 22:00"
        )
    if kind == 2:
        return f"program bolus {draw(st.sampled_from(['5', '12', '60']))} mcg every {draw(st.sampled_from(['1', '4', '7']))} h"
    if kind == 3:
        return "program day 4 mcg/h from 00:00, 6 mcg/h from 08:00, 2.5 mcg/h from 20:00"
    return f"program continuous {daily} mcg/day"


def _anybody(draw: st.DrawFn) -> list[str]:
    """The first lines of a chart about anybody, with anything left out."""
    lines: list[str] = []
    at = _BEGIN
    born = draw(st.sampled_from(["1944-02-29", "1979-04-11", "2008-12-31", "2018-06-01", "2023-01-01"]))
    sex = draw(st.sampled_from(["; sex female", "; sex male", ""]))
    lines.append(f"{at:%Y-%m-%d %H:%M} person id A-17; born {born}{sex}")
    pick = st.sampled_from
    once = {
        "weight": ["72 kg", "18 kg", "110 kg"],
        "height": ["175 cm", "110 cm"],
        "condition": [
            "multiple sclerosis; origin spinal",
            "spinal cord injury; level T6; origin spinal",
            "cerebral palsy; origin cerebral",
            "traumatic brain injury; origin cerebral; since 2020-01-01",
            "stroke",
            "spasticity",
            "needs tone to stand",
        ],
        "allergy": ["none known", "latex", "baclofen; rash"],
        "medications": ["no others"],
        "medication": [
            "oxycodone 5 mg twice a day",
            "baclofen 10 mg three times a day",
            "frobnicol",
            "lisinopril 5 mg",
        ],
        "pregnancy": ["no", "yes, 20 weeks", "not asked"],
        "lab": ["creatinine 0.7 mg/dL", "creatinine 1.5 mg/dL", "creatinine 4 mg/dL", "egfr 45 mL/min/1.73 m2"],
    }
    for kind, bodies in once.items():
        if draw(st.booleans()):
            lines.append(f"{at:%Y-%m-%d} {kind} {draw(pick(bodies))}")
    return lines


@st.composite
def charts(draw: st.DrawFn) -> tuple[str, datetime]:
    """A chart's text and a moment to ask about: anything that can be written, in any order that time allows."""
    pick = st.sampled_from
    sound = draw(pick(["", "", ORAL, SCREENED, FILLED, PUMP, PUMP, LONG]))
    lines = sound.splitlines() if sound else _anybody(draw)
    at = datetime.fromisoformat(lines[-1][:16] if lines[-1][13:14] == ":" else lines[-1][:10]).replace(tzinfo=UTC)
    count = draw(st.integers(0, 12))
    for _ in range(count):
        at += timedelta(minutes=draw(pick([0, 5, 60, 300, 1440, 1500, 4320, 10080, 43200, 90000])))
        what = draw(st.integers(0, 17))
        match what:
            case 0 | 1:
                body = draw(
                    pick(
                        [
                            "oral 5 mg three times a day",
                            "oral 20 mg three times a day",
                            "oral 30 mg four times a day",
                            "oral stop",
                        ]
                    )
                )
            case 2:
                body = "failed oral baclofen 80 mg/day; no effect"
            case 3:
                body = f"trial {draw(pick(['25', '50', '75', '100']))} mcg"
            case 4:
                body = draw(
                    pick(
                        [
                            "response none",
                            "response positive; lasted 6 h",
                            "response positive; lasted 8 h",
                            "response positive",
                        ]
                    )
                )
            case 5:
                body = draw(
                    pick(
                        [
                            "implant SynchroMed II 20 mL; line 0.364 mL",
                            "implant SynchroMed II 20 mL; line 0.3 mL; catheter kept",
                            "implant SynchroMed II 40 mL; line 0.5 mL; catheter new",
                            "implant Prometra II 20 mL",
                            "implant Other 30 mL",
                        ]
                    )
                )
            case 6 | 7:
                body = f"refill {draw(pick(['18', '10', '25']))} mL of {draw(pick(['500', '1000', '2000']))} mcg/mL"
            case 8 | 9 | 10:
                body = _program(draw)
            case 11:
                body = f"residual {draw(pick(['0', '3.5', '9', '17']))} mL"
            case 12:
                body = f"symptom {draw(pick(['somnolence', 'nausea', 'fever', 'itching', 'blue toes']))}"
            case 13:
                body = draw(
                    pick(
                        [
                            "device stall",
                            "device mri",
                            "device read out, no alarms",
                            "explained delivery; seen; by Dr X",
                        ]
                    )
                )
            case 14:
                body = draw(
                    pick(
                        [
                            "bridge 182 mcg over 14.6 h",
                            "prime 0.364 mL",
                            "prime 0.2 mL",
                            "revision catheter; line 0.3 mL",
                            "emptied 9 mL",
                            "aspirated catheter",
                            "explant",
                            "device read out, stall 2026-03-22 06:00 to 2026-03-24 18:00",
                        ]
                    )
                )
            case 15:
                body = draw(
                    pick(
                        [
                            "override kidney; by Dr X; because y",
                            "override adjust; by Dr X; because y",
                            "override age; by Dr X; because y",
                        ]
                    )
                )
            case 16:
                body = draw(pick(["dialysis", "explained residual; seen; by Dr X", "explained refill; seen; by Dr X"]))
            case _:
                body = "score ashworth legs " + draw(pick("01234"))
        lines.append(f"{at:%Y-%m-%d %H:%M} {body}")
    for _ in range(draw(st.integers(0, 2))):
        request = draw(
            pick(
                [
                    "start oral",
                    "titrate oral",
                    "taper oral",
                    "trial",
                    "start pump",
                    "adjust up",
                    "adjust down",
                    "adjust to 150 mcg/day",
                    "adjust to 150 mg/day",
                    "refill",
                    "strength 2000 mcg/mL",
                    "strength 500 mcg/mL",
                    "restart",
                    "holiday; inpatient; alternative tizanidine",
                    "holiday; outpatient",
                    "start oral; liquid 1 mg/mL",
                ]
            )
        )
        lines.append(f"{at:%Y-%m-%d %H:%M} request {request}")
    now = at + timedelta(minutes=draw(pick([0, 1, 90, 1440, 20000, 400000])))
    return "\n".join(lines) + "\n", now


def advised(text: str, now: datetime) -> Advice:
    """Return the advice on a generated chart; where it does not read, another one is drawn."""
    try:
        chart = eutonia.read(text)
    except eutonia.ReadError:
        assume(False)
        raise
    return eutonia.advise(chart, now)
