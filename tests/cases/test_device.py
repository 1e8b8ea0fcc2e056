"""The table of pumps: which pump is meant by what stands on a chart, and what is known of it."""

from __future__ import annotations

import pytest

from eutonia.knowledge import book
from eutonia.pump.device import Model, model
from eutonia.quantity import Quantity


def _ml(*volumes: int) -> tuple[Quantity, ...]:
    return tuple(Quantity.of(each, "mL") for each in volumes)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("SynchroMed II", "synchromed_ii"),
        ("synchromed ii", "synchromed_ii"),
        ("Medtronic SynchroMed II", "synchromed_ii"),
        ("SynchroMedII", "synchromed_ii"),
        ("Prometra II", "prometra_ii"),
        ("Codman Archimedes", "constant_flow"),
        ("Archimedes", "constant_flow"),
        ("constant flow pump", "constant_flow"),
        ("constant-flow", "constant_flow"),
    ],
)
def test_a_pump_is_known_by_its_name_however_it_is_written(name: str, key: str) -> None:
    found = model(name, book())
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize("name", ["SynchroMed III", "Other", "Siromedes", "Archimedes DC", "Flow constan", "II"])
def test_a_pump_that_is_not_in_the_table_is_not_taken_for_one_that_is(name: str) -> None:
    assert model(name, book()) is None


def test_a_synchromed_ii_is_known_with_what_was_read_and_what_was_not() -> None:
    assert model("SynchroMed II", book()) == Model(
        key="synchromed_ii",
        title="SynchroMed II",
        programmable=True,
        capacities=_ml(20, 40),
        accuracy=Quantity.of("14.5", "%"),
        flow=(Quantity.of("0.048", "mL/day"), Quantity.of(24, "mL/day")),
        flow_verified=False,
        most_steps=13,
        service_years=7,
        unaspirable=Quantity.of("1.4", "mL"),
        unverified=("device.synchromed_ii.flow", "device.synchromed_ii.unaspirable", "device.synchromed_ii.tubing"),
    )


def test_a_prometra_ii_is_known_by_its_accuracy_alone() -> None:
    assert model("Prometra II", book()) == Model(
        key="prometra_ii",
        title="Prometra II",
        programmable=True,
        capacities=_ml(20, 40),
        accuracy=Quantity.of(15, "%"),
        flow=None,
        flow_verified=False,
        most_steps=None,
        service_years=None,
        unaspirable=None,
        unverified=(),
    )


def test_a_constant_flow_pump_takes_no_program() -> None:
    found = model("Codman Archimedes", book())
    assert found is not None
    assert (found.title, found.programmable, found.capacities) == ("constant-flow pump", False, _ml(20, 30, 40))
    assert (found.accuracy, found.flow, found.flow_verified, found.most_steps, found.service_years) == (
        None,
        None,
        False,
        None,
        None,
    )
    assert found.unverified == ("device.constant_flow",)
