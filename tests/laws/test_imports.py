"""Imports go down only: a floor of the house may lean on the floors below it, never on those above."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "eutonia"

# From the ground up.  A part may import its own floor and every floor below.
FLOORS: tuple[Set[str], ...] = (
    {"eutonia.quantity", "eutonia.moment", "eutonia.evidence"},
    {"eutonia.knowledge"},
    {"eutonia.chart", "eutonia.ledger", "eutonia.clinic"},
    {"eutonia.pump", "eutonia.body"},
    {"eutonia.findings"},
    {"eutonia.plan"},
    {"eutonia.predict"},
    {"eutonia.watch", "eutonia.cohort"},
    {"eutonia", "eutonia.advice", "eutonia.kept"},
    {"eutonia.doors", "eutonia.__main__"},
)
LEVEL = {part: level for level, floor in enumerate(FLOORS) for part in floor}

# Down the stairs, and still forbidden: the label makes the menu, the model never adds a dish.
NEVER = {"eutonia.plan": {"eutonia.body", "eutonia.predict"}, "eutonia.pump": {"eutonia.body"}}


def part_of(module: str) -> str | None:
    """The part of the house a module is in: 'eutonia.pump.line' is in 'eutonia.pump'.  None: in no named one."""
    if module == "eutonia":
        return module
    part = ".".join(module.split(".")[:2])
    return part if part in LEVEL else None


def imports(module: str, tree: ast.AST, *, package: bool) -> Iterator[tuple[int, str]]:
    """Line and name of every module of the house that is imported anywhere in the tree.

    Everywhere: under TYPE_CHECKING and inside functions too, and `import_module` with a written name.
    `from eutonia.chart import Event` gives 'eutonia.chart.Event'; to know its part is all that is asked of the name.
    """
    home = module if package else module.rpartition(".")[0]
    for node in ast.walk(tree):
        names: list[str] = []
        match node:
            case ast.Import():
                names = [alias.name for alias in node.names]
            case ast.ImportFrom(level=0):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            case ast.ImportFrom():
                base = home.rsplit(".", node.level - 1)[0] + (f".{node.module}" if node.module else "")
                names = [f"{base}.{alias.name}" for alias in node.names]
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                names = [home + name if name.startswith(".") else name]
        yield from ((node.lineno, name) for name in names if name.split(".")[0] == "eutonia")


def violations(module: str, source: str, *, package: bool = False, known: Set[str] = frozenset()) -> list[str]:
    """What is wrong with the imports of one module, a line each; `known` are the modules that exist."""
    part = part_of(module)
    if part is None:
        return [f"{module} belongs to no named floor"]
    wrong = []
    for line, name in imports(module, ast.parse(source), package=package):
        # `from eutonia import advise` asks the front door for a name; `from eutonia import attic`, for a module
        # that nobody gave a place.
        target = part_of(name) or ("eutonia" if name.count(".") == 1 and name not in known else None)
        if target is None:
            wrong.append(f"{module}:{line} imports {name}, which belongs to no named floor")
        elif LEVEL[target] > LEVEL[part]:
            wrong.append(f"{module}:{line} imports {name}, from a floor above its own")
        elif target in NEVER.get(part, ()):
            wrong.append(f"{module}:{line} imports {name}, which {part} never may")
    return wrong


def modules() -> dict[str, Path]:
    """Every module of the package, by name."""
    named = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        words = path.relative_to(PACKAGE.parent).with_suffix("").parts
        named[".".join(words[:-1] if words[-1] == "__init__" else words)] = path
    return named


def test_imports_go_down_only_and_every_module_has_its_floor():
    house = modules()
    assert "eutonia" in house
    wrong = [
        line
        for module, path in house.items()
        for line in violations(module, path.read_text("utf-8"), package=path.name == "__init__.py", known=house.keys())
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("eutonia.quantity", "import eutonia.chart"),
        ("eutonia.quantity", "import json, eutonia.chart.event as event"),
        ("eutonia.quantity", "from eutonia import advise"),
        ("eutonia.quantity", "from . import knowledge"),
        ("eutonia.chart.fold", "from eutonia.pump import reservoir"),
        ("eutonia.chart.fold", "from ..pump.line import bridge"),
        ("eutonia.chart.fold", "from .. import pump"),
        ("eutonia.chart.fold", "if TYPE_CHECKING:\n    from eutonia.plan import Plan"),
        ("eutonia.chart.fold", "def late():\n    from eutonia.doors import cli\n    return cli"),
        ("eutonia.chart.fold", "import importlib\nplan = importlib.import_module('eutonia.plan')"),
        ("eutonia.findings.renal", "from eutonia.plan.guard import Guard"),
        ("eutonia.pump.line", "from eutonia.body import csf"),
        ("eutonia.plan.titration", "from eutonia.body.plasma import peak"),
        ("eutonia.plan.titration", "from eutonia import predict"),
        ("eutonia.predict.rank", "import eutonia.watch.tasks"),
        ("eutonia.watch.tasks", "from eutonia.advice import advise"),
        ("eutonia.advice", "from eutonia.doors.cli import main"),
        ("eutonia.attic", "x = 1"),
        ("eutonia.doors.cli", "from eutonia.attic import box"),
    ],
)
def test_an_import_that_goes_up_is_caught(module, source):
    assert len(violations(module, source)) == 1


def test_a_package_reads_its_dots_from_itself():
    assert violations("eutonia.chart", "from .event import Event", package=True) == []
    assert violations("eutonia.chart", "from ..plan import Plan", package=True) != []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("eutonia.quantity", "import json\nfrom decimal import Decimal\nfrom . import moment"),
        ("eutonia.plan.titration", "from eutonia.findings import Finding\nfrom .guard import Guard"),
        ("eutonia.plan.titration", "from eutonia.pump.reservoir import Reservoir"),
        ("eutonia.advice", "from eutonia import plan\nfrom eutonia.watch import watch"),
        ("eutonia.doors.cli", "from eutonia import advise\nimport eutonia"),
        ("eutonia.__main__", "from eutonia.doors.cli import main"),
        ("eutonia.quantity", "import eutonian"),
    ],
)
def test_an_import_that_goes_down_is_let_through(module, source):
    assert violations(module, source) == []


def test_a_module_that_exists_but_was_never_placed_is_caught_when_the_front_door_hands_it_out():
    assert violations("eutonia.doors.cli", "from eutonia import attic", known={"eutonia.attic"}) != []
