"""The story behind a number, a fact, a conflict or a finding: where it comes from, who disagrees, what carries it."""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from eutonia.knowledge import FOLDER, Entry, Fact, book, conflicts, library, monograph
from eutonia.quantity import Quantity, QuantityError, glued, number, plain

Story = dict[str, Any]

PACKAGE: Final = FOLDER.parent
TRACE: Final = FOLDER / "trace.json"
DRUG: Final = "drug"

TAG_MEANS: Final[Mapping[str, str]] = {
    "monograph": "it stands in the monograph",
    "read": "it was read in the source itself",
    "restated": "it was read where another page restates the source",
    "derived": "it was computed from other numbers here",
    "second-hand": "somebody quotes it; the source was not seen",
    "assumption": "a working rule of this software, because no source gives one",
    "assumed": "nobody has measured it: for predictions, which say so, and never a limit",
    "unverified": "from memory, read in no source: configuration, printed as such, never a limit",
}


def story(id_: str) -> Story | None:
    """All that is known here about a fact (ADM-04), a conflict (C-05), a number (oral.daily_max), a finding (kidney) or
    the drug itself ('drug'); none where nothing has that name.

    The review date is told, and whether it has passed is not: that takes a clock, and whoever asks has one.
    """
    entries, name = library().entries, id_.strip()
    if name in entries:
        return _number(entries[name])
    if name.upper() in monograph():
        return _fact(monograph()[name.upper()])
    if name.upper() in conflicts():
        return _conflict(name.upper())
    if name == DRUG:
        from eutonia.doors.drug import brief

        return {"what": "drug", "id": DRUG, "title": "The drug in brief", "sections": brief(book())}
    return _finding(name)


def carried() -> list[Story]:
    """Each fact of the monograph with the knowledge entries, the modules and the tests that carry it."""
    return [
        {
            "id": fact.id,
            "says": fact.says,
            "kind": fact.kind,
            "knowledge": [entry.name for entry in _entries(fact.id)],
            "code": _code(fact.id, *(entry.name for entry in _entries(fact.id))),
            "tests": list(_traced().get(fact.id, ())),
        }
        for fact in monograph().values()
    ]


# --- the stories ----------------------------------------------------------------------------------------------------


def _number(entry: Entry) -> Story:
    return {
        "what": "number",
        "id": entry.name,
        "value": entry.value,
        "says": entry.says,
        "spread": entry.spread,
        "tag": entry.tag,
        "tag_means": TAG_MEANS[entry.tag],
        "sources": list(entry.source),
        "packs": {place: dict(pack) for place, pack in entry.packs.items()},
        "review": entry.review.isoformat(),
        "conflict": _sides(entry.conflict) if entry.conflict else None,
        "facts": [{"id": id_, "says": monograph()[id_].says} for id_ in entry.facts],
        "code": _code(entry.name),
        **({"more": dict(entry.more)} if entry.more else {}),
    }


def _fact(fact: Fact) -> Story:
    entries = _entries(fact.id)
    return {
        "what": "fact",
        "id": fact.id,
        "says": fact.says,
        "kind": fact.kind,
        "knowledge": [_number(entry) for entry in entries],
        "code": _code(fact.id, *(entry.name for entry in entries)),
        "tests": list(_traced().get(fact.id, ())),
    }


def _sides(id_: str) -> Story:
    found = conflicts()[id_]
    return {"id": id_, "question": found.question, "sides": found.sides.split("; "), "governs": found.governs}


def _conflict(id_: str) -> Story:
    entries = [entry for entry in library().entries.values() if entry.conflict == id_]
    return {
        "what": "conflict",
        **_sides(id_),
        "knowledge": [_number(entry) for entry in entries],
        "code": _code(id_, *(entry.name for entry in entries)),
    }


def _finding(id_: str) -> Story | None:
    from eutonia.findings import _TOPICS

    # Findings of one topic are told together under its name, which may be none of theirs.
    names = [id_] if id_ in _findings() else [name for name in _TOPICS.get(id_, ()) if name in _findings()]
    if not names:
        return None
    asked = [_findings()[name] for name in names]
    own = dict.fromkeys(name for each in asked for name in each[2])
    also = dict.fromkeys(name for each in asked for name in each[3] if name not in own)
    entries = library().entries
    carries = dict.fromkeys(fact for name in own for fact in entries[name].facts)
    return {
        "what": "finding",
        "id": id_,
        "says": " ".join(dict.fromkeys(each[1] for each in asked)),
        "knowledge": [_number(entries[name]) for name in own],
        "also": list(also),
        "facts": [{"id": fact, "says": monograph()[fact].says} for fact in carries],
        "code": list(dict.fromkeys(each[0] for each in asked)),
    }


# --- what carries what ----------------------------------------------------------------------------------------------


def _entries(fact: str) -> list[Entry]:
    return [entry for entry in library().entries.values() if fact in entry.facts]


def _code(*names: str) -> list[str]:
    return [path for path, held in _carriers().items() if not held.isdisjoint(names)]


@cache
def _traced() -> Mapping[str, tuple[str, ...]]:
    """The tests that carry each fact, as `tools/trace.py` found them; an installed package has no tests to look into."""
    if not TRACE.exists():
        return {}
    return {fact: tuple(names) for fact, names in json.loads(TRACE.read_text("utf-8")).items()}


@cache
def _trees() -> Mapping[str, ast.Module]:
    paths = sorted(PACKAGE.rglob("*.py"))
    return {
        Path(PACKAGE.name, path.relative_to(PACKAGE)).as_posix(): ast.parse(path.read_bytes(), str(path))
        for path in paths
    }


@cache
def _carriers() -> Mapping[str, frozenset[str]]:
    """The names of entries, facts and conflicts that each module of the package has in its code."""
    return {path: frozenset(named(tree)) for path, tree in _trees().items()}


_PREFIX: Final = re.compile(r"[a-z_]+\.(?:[a-z0-9_]+\.)*")
_BEGIN: Final = re.compile(r"[a-z_]+\.[a-z0-9_.]*")


def named(tree: ast.AST) -> Iterator[str]:
    """The entries, facts and conflicts that code names by a string; docstrings and comments say nothing.

    A string that ends with a point ("interaction.") is a loop over the entries one step below it; an f-string with a
    constant beginning (f"device.{key}.mri") is every entry of that form.
    """
    entries = library().entries
    silent: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as text):
                silent.add(text)
            case ast.JoinedStr(values=[ast.Constant(value=str(begin)), *_] as pieces) if _BEGIN.fullmatch(begin):
                silent.update(pieces)
                form = "".join(re.escape(str(p.value)) if isinstance(p, ast.Constant) else "[^.]+" for p in pieces)
                yield from (name for name in entries if re.fullmatch(form, name))
            case ast.JoinedStr(values=pieces):
                silent.update(pieces)
            case ast.Constant(value=str(text)) if node not in silent:
                if text in entries or text in monograph() or text in conflicts():
                    yield text
                elif _PREFIX.fullmatch(text):
                    yield from (n for n in entries if n.startswith(text) and "." not in n[len(text) :])


@cache
def _findings() -> Mapping[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    """Each finding by its id: its module, the question that the module asks, the entries that its own call names, and
    those of its module that it may name as well when the chart brings them."""
    found: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...]]] = {}
    for path, tree in _trees().items():
        if not path.startswith(f"{PACKAGE.name}/findings/"):
            continue
        question = (ast.get_docstring(tree) or "").split("\n")[0]
        whole = dict.fromkeys(name for name in named(tree) if name in library().entries)
        for ids, call, function in _calls(tree):
            names, open_ = _rests_on(call, function)
            for id_ in ids:
                before = found.get(id_, (path, question, (), ()))
                own = tuple(dict.fromkeys((*before[2], *names)))
                more = tuple(n for n in whole if n not in own) if open_ or before[3] else ()
                found[id_] = (path, question, own, more)
    return found


_BASIS: Final = 6  # found(book, id, grade, says, basis, resolve, *entries)


def _rests_on(call: ast.Call, function: ast.FunctionDef) -> tuple[list[str], bool]:
    """The entries that a call of `found` names, and whether the chart can add others to them."""
    names: list[str] = []
    open_ = False
    for piece in call.args[_BASIS:]:
        inside: ast.AST = piece
        if isinstance(piece, ast.Starred) and isinstance(piece.value, ast.Name):
            kept = [
                node.value
                for node in ast.walk(function)
                if isinstance(node, ast.Assign | ast.AnnAssign)
                and isinstance(node.value, ast.Tuple)
                and any(
                    isinstance(target, ast.Name) and target.id == piece.value.id
                    for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
                )
            ]
            inside = kept[0] if kept else piece
        names += [name for name in named(inside) if name in library().entries]
        open_ = open_ or not isinstance(inside, ast.Constant | ast.Tuple)
    return names, open_


def _calls(tree: ast.Module) -> Iterator[tuple[list[str], ast.Call, ast.FunctionDef]]:
    """Every call of `found` in a module with the ids it can have: its own, or those that callers of its function give."""
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for node in ast.walk(function):
            match node:
                case ast.Call(func=ast.Name(id="found"), args=[_, ast.Constant(value=str(id_)), *_]):
                    yield [id_], node, function
                case ast.Call(func=ast.Name(id="found"), args=[_, ast.Name(id=parameter), *_]):
                    yield list(_given(tree, function, parameter)), node, function


def _given(tree: ast.Module, function: ast.FunctionDef, parameter: str) -> Iterator[str]:
    place = [each.arg for each in function.args.args].index(parameter)
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=args) if name == function.name and len(args) > place:
                match args[place]:
                    case ast.Constant(value=str(id_)):
                        yield id_


# --- the stories as text --------------------------------------------------------------------------------------------


def shown(value: object) -> str:
    """A value of the knowledge for people: quantities through `plain`, several with commas, words as they stand.

    >>> shown(["2000 mcg/mL", "0.50 h", "1135 ng*h/mL"]), shown("inpatient"), shown(1440)
    ('2,000 mcg/mL, 0.5 h, 1,135 ng*h/mL', 'inpatient', '1,440')
    """
    if isinstance(value, list | tuple):
        return ("; " if any(", " in str(each) for each in value) else ", ").join(map(shown, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return plain(value)
    text = str(value)
    try:
        return plain(Quantity.read(text))
    except QuantityError:
        rate = _OTHER.fullmatch(text)
        return f"{plain(number(rate[1]))} {rate[2]}" if rate else text


# A number with a unit outside the closed list of quantity.py, such as "11.6 L/h".
_OTHER: Final = re.compile(r"([0-9][0-9.]*) (\S*/\S+)")


def wrapped(text: str, width: int, first: str = "", rest: str | None = None) -> str:
    """`text` in lines of at most `width`, a number and its unit never on two of them."""
    lines = textwrap.wrap(
        glued(text),
        max(width, 40),
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    # The no-break space has done its work; whoever copies or searches the line finds a plain one.
    return "\n".join(lines).replace("\u00a0", " ")


def told(found: Story, width: int = 100) -> str:
    """A story as text for a terminal of this width."""
    match found["what"]:
        case "number":
            lines = _told_number(found, width, whole=True)
        case "fact":
            lines = _told_fact(found, width)
        case "conflict":
            lines = [*_told_conflict(found, width), *_told_below(found["knowledge"], width, conflict=False)]
            lines += _told_code(found, width)
        case "finding":
            lines = _told_finding(found, width)
        case _:
            from eutonia.doors.drug import told_brief

            return told_brief(found["sections"], width, found["title"])
    return "\n".join(lines)


_MARGIN: Final = 14


def _row(name: str, text: str, width: int, indent: int = 2) -> str:
    return wrapped(text, width, f"{' ' * indent}{name:<{_MARGIN - indent}}")


def _told_number(found: Story, width: int, *, whole: bool) -> list[str]:
    lines = [wrapped(f"{found['id']}: {shown(found['value'])}", width, rest="    ")]
    if found["says"]:
        lines.append(_row("", found["says"], width))
    for key, value in found.get("more", {}).items():
        lines.append(_row(key.replace("_", " "), shown(value), width))
    lines.append(_row("spread", found["spread"], width))
    lines.append(_row("known by", f"{found['tag']}: {found['tag_means']}", width))
    lines.append(_row("sources", "; ".join(found["sources"]), width))
    for place, pack in found["packs"].items():
        lines.append(_row(f"in {place}", f"{shown(pack['value'])} ({'; '.join(pack['source'])})", width))
    lines.append(_row("review by", found["review"], width))
    if not whole:
        if found["conflict"]:
            lines.append(_row("disagree", f"see {found['conflict']['id']}", width))
        return lines
    if found["conflict"]:
        lines += ["", *_told_conflict(found["conflict"], width)]
    lines += _told_facts(found["facts"], width)
    return lines + _told_code(found, width)


def _told_below(numbers: Sequence[Story], width: int, *, conflict: bool = True) -> list[str]:
    lines: list[str] = []
    for each in numbers:
        lines += ["", *_told_number(each if conflict else {**each, "conflict": None}, width, whole=False)]
    return lines


def _told_fact(found: Story, width: int) -> list[str]:
    lines = [wrapped(f"{found['id']} ({found['kind']}): {found['says']}", width, rest="    ")]
    lines += _told_below(found["knowledge"], width)
    at_odds = {each["conflict"]["id"]: each["conflict"] for each in found["knowledge"] if each["conflict"]}
    for each in at_odds.values():
        lines += ["", *_told_conflict(each, width)]
    lines += _told_code(found, width)
    return lines + _told_list("Tests that carry it:", found["tests"], width)


def _told_conflict(found: Story, width: int) -> list[str]:
    lines = [wrapped(f"{found['id']}: sources disagree on {found['question']}.", width, rest="    ")]
    lines += [wrapped(side, width, "  - ") for side in found["sides"]]
    return [*lines, _row("governs", found["governs"], width)]


def _told_finding(found: Story, width: int) -> list[str]:
    lines = [wrapped(f"Finding '{found['id']}': {found['says']}", width, rest="    ")]
    lines += _told_below(found["knowledge"], width)
    if found["also"]:
        lines += ["", wrapped("As the chart has it, it rests on some of these as well:", width)]
        lines.append(wrapped(", ".join(found["also"]), width, "  "))
    lines += _told_facts(found["facts"], width)
    return lines + _told_code(found, width)


def _told_facts(facts: Sequence[Story], width: int) -> list[str]:
    if not facts:
        return []
    return ["", "Facts of the monograph:", *(_row(each["id"], each["says"], width) for each in facts)]


def _told_code(found: Story, width: int) -> list[str]:
    return _told_list("Code that uses it:", found["code"], width)


def _told_list(head: str, names: Sequence[str], width: int) -> list[str]:
    return ["", head, *(wrapped(name, width, "  ") for name in names or ["none"])]
