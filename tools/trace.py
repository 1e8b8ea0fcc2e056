"""Which tests carry which fact of the monograph: read from their marks, written where the package finds it.

python tools/trace.py           writes eutonia/knowledge/trace.json
python tools/trace.py --check   says whether it is what the tests say now
"""

from __future__ import annotations

import ast
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
KNOWLEDGE: Final = ROOT / "eutonia" / "knowledge"
TRACE: Final = KNOWLEDGE / "trace.json"


class TraceError(ValueError):
    """A mark that carries nothing, or something that is no fact."""


def fact_ids() -> list[str]:
    """The ids of the monograph's facts, in its order."""
    return [each["id"] for each in tomllib.loads((KNOWLEDGE / "monograph.toml").read_text("utf-8"))["fact"]]


def trace(root: Path = ROOT) -> dict[str, list[str]]:
    """Fact id -> the tests that carry it, such as 'tests/cases/test_oral.py::test_nobody_gets_more_than_80_mg'."""
    known = fact_ids()
    found: dict[str, list[str]] = {}
    for path in sorted((root / "tests").rglob("*.py")):
        name = path.relative_to(root).as_posix()
        for test, fact in carries(ast.parse(path.read_bytes(), name), name):
            if fact not in known:
                raise TraceError(f"{name}: {test} carries '{fact}', which is not a fact of the monograph")
            found.setdefault(fact, []).append(f"{name}::{test}")
    return {fact: sorted(set(found[fact])) for fact in known if fact in found}


def carries(tree: ast.Module, name: str = "") -> Iterator[tuple[str, str]]:
    """(test, fact) for each mark `pytest.mark.carries(...)` on a test, on its class, or on the whole module."""
    whole = [
        fact
        for node in tree.body
        if isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)
        for mark in (node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value])
        for fact in _marked(mark, name)
    ]
    yield from _tests(tree.body, "", whole, name)


def _tests(body: list[ast.stmt], prefix: str, above: list[str], name: str) -> Iterator[tuple[str, str]]:
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        facts = above + [fact for mark in node.decorator_list for fact in _marked(mark, name)]
        if isinstance(node, ast.ClassDef):
            if node.name.startswith("Test"):
                yield from _tests(node.body, f"{prefix}{node.name}::", facts, name)
        elif node.name.startswith("test"):
            yield from ((f"{prefix}{node.name}", fact) for fact in facts)


def _marked(mark: ast.expr, name: str) -> Iterator[str]:
    match mark:
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="mark"), attr="carries"), args=args):
            for each in args:
                if not (isinstance(each, ast.Constant) and isinstance(each.value, str)):
                    raise TraceError(f"{name}:{mark.lineno}: write the ids of the facts as plain strings")
                yield each.value
            if not args:
                raise TraceError(f"{name}:{mark.lineno}: this mark carries no fact")
        case ast.Attribute(value=ast.Attribute(attr="mark"), attr="carries"):
            raise TraceError(f"{name}:{mark.lineno}: this mark carries no fact")


def written(found: dict[str, list[str]]) -> str:
    """The trace as it is kept: one line a fact or a test, the same text for the same tests."""
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def main(arguments: list[str]) -> int:
    """Writes the trace, or with --check compares it; 1 where facts lack a test or the trace is stale."""
    found = trace()
    text = written(found)
    if "--check" in arguments:
        if not TRACE.exists() or TRACE.read_text("utf-8") != text:
            print(f"{TRACE.relative_to(ROOT)} is stale: run python tools/trace.py", file=sys.stderr)
            return 1
    else:
        TRACE.write_text(text, "utf-8")
    if missing := [fact for fact in fact_ids() if fact not in found]:
        print(f"no test carries: {', '.join(missing)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
