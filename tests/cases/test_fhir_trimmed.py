"""A page of a record without what nobody reads: nothing that is read is lost."""

from __future__ import annotations

import ast
import gzip
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B import get_fhir_model_class

from eutonia.chart import fhir
from eutonia.chart.fhir import from_bundle
from eutonia.chart.fhir.trimmed import Page, Resource, too_short
from tests.cases.test_fhir import FILES

TYPES = ("Observation", "Condition", "AllergyIntolerance", "Encounter", "Procedure")
# Words of the code that happen to be fields of these types too: of other resources, or of what stands inside of a field.
ELSEWHERE = {
    *("meta", "identifier", "type", "text", "extension", "contained"),  # of patients, devices, dosages
    *("basedOn", "derivedFrom", "device", "method"),  # of orders, uses of devices, dosages
}


def _fields(type_: str) -> set[str]:
    model = get_fhir_model_class(type_)
    return {each.alias or name for name, each in model.model_fields.items() if not name.endswith("__ext")}


def _words() -> set[str]:
    """Every text in the code of the reader, up to its first dot."""
    found = set()
    for path in Path(fhir.__file__).parent.glob("*.py"):
        if path.name != "trimmed.py":
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value.partition(".")[0])
    return found


@pytest.mark.parametrize("type_", TYPES)
def test_every_field_that_the_reader_names_is_kept(type_: str) -> None:
    named = _fields(type_) & _words() - ELSEWHERE
    assert {"status", "code", "subject"} & named or type_ == "AllergyIntolerance"
    assert named <= set(Resource.__annotations__)


@pytest.mark.parametrize("type_", TYPES)
def test_every_value_and_every_end_is_kept_whatever_its_type_is(type_: str) -> None:
    several = {each for each in _fields(type_) if each.startswith(("value", "abatement"))}
    assert several <= set(Resource.__annotations__)
    assert several or type_ not in ("Observation", "Condition")


def _told(data: Any) -> tuple[list[str], list[Any]]:
    chart = from_bundle(data, "record")
    return [each.text for each in chart.events], list(chart.dropped)


@pytest.mark.skipif(not FILES, reason="the real records (shared/ehr/patients) are not beside this checkout")
def test_real_records_give_the_same_chart_trimmed_and_whole() -> None:
    for path in FILES:
        whole = json.loads(gzip.decompress(path.read_bytes()))
        # Orders are read whole, so they stand on a page of their own.
        orders = ("Patient", "MedicationRequest", "MedicationStatement", "Medication", "Device", "DeviceUseStatement")
        apart = [each for each in whole["entry"] if each["resource"]["resourceType"] in orders]
        rest = [each for each in whole["entry"] if each not in apart]
        page = msgspec.json.decode(json.dumps({**whole, "entry": rest}), type=Page)
        assert not too_short(page)
        assert len(json.dumps(page)) < len(json.dumps(rest)) / 2
        found = _told({**page, "entry": [*apart, *page["entry"]]})
        assert found == _told({**whole, "entry": [*apart, *rest]})


@pytest.mark.parametrize("type_", ["Patient", "MedicationRequest", "MedicationStatement", "Device", "Bundle"])
def test_a_page_with_something_that_is_read_whole_is_not_trimmed(type_: str) -> None:
    assert too_short({"entry": [{"resource": {"resourceType": "Condition"}}, {"resource": {"resourceType": type_}}]})
