"""The models as SBML, so that other simulators run the very same ones: first-order flows between amounts, in hours.

Needs python-libsbml (the extra `export`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eutonia.body.kinetics import Kinetics
from eutonia.body.neuraxis import CELLS, CISTERN, CRANIAL, Spine

Flow = tuple[str, str, str]


def plasma(kinetics: Kinetics, dose_mg: float = 0.0) -> str:
    """The plasma of the first of these people after a swallowed dose: amounts in mg, `plasma` in ng/mL."""
    k = {name: float(getattr(kinetics, name)[0]) for name in kinetics.__struct_fields__}
    named = {name: k[name] for name in ("absorb_h", "clearance_l_h", "central_l")}
    flows: list[Flow] = [("gut", "central", "absorb_h"), ("central", "gone", "clearance_l_h / central_l")]
    start = "gut"
    if k["transit_h"] > 0:
        named["transit_h"] = k["transit_h"]
        flows.insert(0, ("stomach", "gut", "transit_h"))
        start = "stomach"
    if k["between_l_h"] > 0:
        named |= {"between_l_h": k["between_l_h"], "peripheral_l": k["peripheral_l"]}
        flows += [
            ("central", "peripheral", "between_l_h / central_l"),
            ("peripheral", "central", "between_l_h / peripheral_l"),
        ]
    amounts = {name: 0.0 for flow in flows for name in flow[:2]}
    amounts[start] = k["share"] * dose_mg
    return _written("eutonia_plasma", amounts, named, flows, {"plasma": "1000 * central / central_l"})


def neuraxis(spine: Spine, source_mcg: Sequence[float]) -> str:
    """The spine of the first of these people after a bolus, [CELLS] mcg: amounts in mcg, `fluid_n` and `plasma` in ng/mL."""
    volume, blood = spine.volume[0], spine.blood[0]
    room, inward, leaving = (each[0] for each in spine.shells())
    held = {"blood": float(blood[0]), "periphery": float(blood[3]), "gone": 1.0}
    for i in range(CELLS):
        held[_cell(i)] = float(volume[i])
        for s in range(3):
            if room[i, s] > 0:
                held[f"{_cell(i)}_tissue_{s + 1}"] = float(room[i, s])
    flows: list[Flow] = []

    def flow(source: str, to: str, ml_h: float) -> None:
        if ml_h != 0.0:
            flows.append((source, to, repr(float(ml_h) / held[source])))

    def both(a: str, b: str, ml_h: float, back: float = 1.0) -> None:
        flow(a, b, ml_h)
        flow(b, a, ml_h * back)

    for i in range(CELLS):
        here = _cell(i)
        flow(here, "blood", spine.lost[0, i])
        both(here, "blood", spine.crossing[0, i], blood[4])
        if i < CELLS - 1:
            both(here, _cell(i + 1), spine.mixing[0, i])
            flow(_cell(i + 1), here, spine.down[0, i])
            flow(here, _cell(i + 1), spine.up[0, i])
        outer = here
        for s in range(3):
            if room[i, s] > 0:
                inner = f"{here}_tissue_{s + 1}"
                both(outer, inner, inward[i, s])
                both(inner, "blood", leaving[i, s], blood[4])
                outer = inner
    flow("blood", "gone", blood[1])
    both("blood", "periphery", blood[2])
    amounts = dict.fromkeys(held, 0.0)
    for i in range(CELLS):
        amounts[_cell(i)] = float(source_mcg[i])
    shown = {f"fluid_{_cell(i)}": f"1000 * {_cell(i)} / {held[_cell(i)]!r}" for i in range(CELLS)}
    return _written("eutonia_neuraxis", amounts, {}, flows, shown | {"plasma": f"1000 * blood / {held['blood']!r}"})


def _cell(i: int) -> str:
    return {CISTERN: "cistern", CRANIAL: "cranial"}.get(i, f"cell_{i + 1}")


def _written(
    name: str, amounts: Mapping[str, float], named: Mapping[str, float], flows: Sequence[Flow], shown: Mapping[str, str]
) -> str:
    import libsbml

    document = libsbml.SBMLDocument(3, 2)
    model = document.createModel()
    model.setId(name)
    hour = model.createUnitDefinition()
    hour.setId("hour")
    unit = hour.createUnit()
    unit.setKind(libsbml.UNIT_KIND_SECOND)
    unit.setExponent(1)
    unit.setScale(0)
    unit.setMultiplier(3600)
    model.setTimeUnits("hour")
    body = model.createCompartment()
    body.setId("body")
    body.setSize(1.0)
    body.setSpatialDimensions(3.0)
    body.setConstant(True)
    for id_, amount in amounts.items():
        each = model.createSpecies()
        each.setId(id_)
        each.setCompartment("body")
        each.setInitialAmount(amount)
        each.setHasOnlySubstanceUnits(True)
        each.setBoundaryCondition(False)
        each.setConstant(False)
    for id_, value in named.items():
        _parameter(model, id_, True).setValue(value)
    for id_, formula in shown.items():
        _parameter(model, id_, False)
        rule = model.createAssignmentRule()
        rule.setVariable(id_)
        rule.setMath(libsbml.parseL3Formula(formula))
    for n, (source, to, rate) in enumerate(flows, 1):
        reaction = model.createReaction()
        reaction.setId(f"flow_{n}")
        reaction.setReversible(False)
        for each, made in ((source, reaction.createReactant()), (to, reaction.createProduct())):
            made.setSpecies(each)
            made.setStoichiometry(1.0)
            made.setConstant(True)
        reaction.createKineticLaw().setMath(libsbml.parseL3Formula(f"({rate}) * {source}"))
    if document.checkConsistency() and document.getNumErrors(libsbml.LIBSBML_SEV_ERROR):
        raise ValueError(document.getErrorLog().toString())
    return str(libsbml.writeSBMLToString(document))


def _parameter(model: Any, id_: str, constant: bool) -> Any:
    found = model.createParameter()
    found.setId(id_)
    found.setConstant(constant)
    return found
