"""Each requirement of CDS Hooks 2.0 for a service, and the test that shows it: the page has all of them, and no other."""

from __future__ import annotations

import ast
import csv
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from tests.doors.test_docs import cells
from tests.doors.test_hooks import SIGN, SITUATIONS, TAKES, VIEW, Resource, ask, call, order, prefetch, send

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "cds-hooks.md"
LIST = ROOT.parent / "shared" / "ehr" / "cds_hooks_2.0_service_requirements.tsv"
BINDING = {"SHALL", "SHALL NOT", "SHOULD", "SHOULD NOT"}

# --- the shape of an answer, written from the standard and not from our own types -------------------------------------

Text = Annotated[str, Meta(min_length=1)]


class Coding(Struct, forbid_unknown_fields=True):
    """A coding, with its words."""

    code: Text
    system: Text
    display: Text


class Source(Struct, forbid_unknown_fields=True):
    """A source; no icon is given."""

    label: Text
    topic: Coding
    url: Annotated[str, Meta(pattern="^https://")] | msgspec.UnsetType = msgspec.UNSET


class Action(Struct, forbid_unknown_fields=True):
    """An action on a draft."""

    type: Literal["update", "delete"]
    description: Text
    resource: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    resourceId: Annotated[str, Meta(pattern="^MedicationRequest/.")] | msgspec.UnsetType = msgspec.UNSET  # noqa: N815


class Suggestion(Struct, forbid_unknown_fields=True):
    """A suggestion: no mark of preference, and one action."""

    label: Text
    uuid: Text
    actions: Annotated[list[Action], Meta(min_length=1, max_length=1)]


class Card(Struct, forbid_unknown_fields=True):
    """A card: no links and no extensions."""

    uuid: Text
    summary: Annotated[str, Meta(min_length=1, max_length=139)]
    detail: Text
    indicator: Literal["info", "warning", "critical"]
    source: Source
    suggestions: Annotated[list[Suggestion], Meta(min_length=1)] | msgspec.UnsetType = msgspec.UNSET
    selectionBehavior: Literal["at-most-one"] | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    overrideReasons: Annotated[list[Coding], Meta(min_length=1)] | msgspec.UnsetType = msgspec.UNSET  # noqa: N815


class Answer(Struct, forbid_unknown_fields=True):
    """An answer: no actions of its own."""

    cards: list[Card]


CALLS = {
    **{name: call(SIGN, *drafts) for name, drafts in SITUATIONS.items()},
    "interaction": call(SIGN, order("oxycodone"), sent=prefetch(orders=TAKES)),
    "refused": call(SIGN, order("baclofen", "20 mg four times a day")),
    "seen": call(VIEW, sent=prefetch(orders=TAKES, creatinine=None)),
    "nothing": call(SIGN, order("ibuprofen")),
}


@pytest.mark.parametrize("body", CALLS.values(), ids=CALLS)
def test_every_field_of_a_card_is_one_of_the_standard_and_of_its_type(body: Resource):
    service = VIEW if body["hook"] == "patient-view" else SIGN
    found = msgspec.json.decode(send("POST", f"/cds-services/{service}", body).content, type=Answer)
    assert all(bool(each.suggestions) == bool(each.selectionBehavior) for each in found.cards)
    assert len({each.uuid for each in found.cards}) == len(found.cards)


def test_extensions_are_passed_over():
    draft = order("baclofen", "20 mg four times a day")
    extra = {"extension": {"com.example.timestamp": {"at": 1}}}
    assert ask(SIGN, draft, **extra) == ask(SIGN, draft)


# --- the page ---------------------------------------------------------------------------------------------------------


def table() -> list[list[str]]:
    """The rows of the page: number, strength, what is asked, how it is answered, the test."""
    return list(cells(PAGE, "number"))


def listed() -> dict[str, tuple[str, str]]:
    """Strength and text of each requirement that the page must have, by its number."""
    with LIST.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {row[0]: (row[1], row[3]) for row in rows if row[1] in BINDING and "Service" in row[2]}


def test_the_page_has_every_requirement_of_the_list_and_no_other():
    if not LIST.exists():
        pytest.skip("the list of requirements is not here: ../shared/ehr is needed")
    numbers = [row[0] for row in table()]
    assert len(numbers) == len(set(numbers))
    assert {row[0]: row[1] for row in table()} == {number: strength for number, (strength, _) in listed().items()}


def test_the_page_says_it_in_words_of_its_own():
    if not LIST.exists():
        pytest.skip("the list of requirements is not here: ../shared/ehr is needed")
    texts = " ".join(text.lower() for _, text in listed().values())
    for number, _, asked, *_ in table():
        words = asked.lower().split()
        for start in range(len(words) - 5):
            assert " ".join(words[start : start + 6]) not in texts, number


def test_every_test_that_the_page_names_is_there():
    there = {
        node.name
        for path in Path(__file__).parent.glob("test_hooks*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    named = {row[4].strip("`") for row in table()}
    assert len(table()) > 80
    assert named <= there, named - there


def test_the_page_says_which_hook_safety_rests_on():
    agreed = PAGE.read_text("utf-8").partition("## What to agree on")[2].partition("\n## ")[0]
    assert "Safety rests on `order-sign`" in agreed


def test_the_page_names_every_status_that_a_refusal_can_have():
    text = PAGE.read_text("utf-8")
    folder = ROOT / "eutonia" / "doors" / "hooks"
    raised = {
        str(node.args[0].value)
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("NotServed", "_outcome")
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert raised
    for status in raised - {"500"}:
        assert status in text
