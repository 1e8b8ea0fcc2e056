"""Are the tests awake?  Small faults are put into the code that doses pass through, and each must be caught.

    python tools/mutants.py                            every module of the list, all tests that reach it
    python tools/mutants.py eutonia/plan/guard.py      one module
    python tools/mutants.py --date 2026-11-22          the result is written into docs/mutants.md

The faults are those of mutmut (its operators, by libcst).  Its own runner passes by properties, cached functions and
every table outside a function, such as the units, so this one runs them: the tests are collected once, and for each
fault the process forks, exchanges the code of one function, and runs the tests that reach that function, quickest first.
A fault outside a function needs a fresh import and takes longer.  What is not mutated: type annotations, decorators,
`len` and `isinstance`, sentences for people, and what mypy refuses by itself: None for a typed name.

A fault that no test sees must stand in docs/mutants.md with the reason why it changes nothing; any other is an error.
"""

from __future__ import annotations

import argparse
import atexit
import functools
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import re
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import hypothesis
import libcst as cst
import pytest
from _pytest.runner import runtestprotocol
from mutmut.mutation.mutators import mutation_operators, operator_assignment

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE / ".mutants" / str(os.getpid())  # a copy, so that the files may be edited while this runs
COPIED = ["eutonia", "tests", "tools", "docs", "examples", "benchmarks", "README.md", "pyproject.toml"]
PAGE = HERE / "docs" / "mutants.md"

# What is mutated, and the tests that are its own: they are run first.
OWN = {
    "eutonia/plan/guard.py": ["tests/cases/test_guard.py"],
    "eutonia/findings/limits.py": ["tests/cases/test_guard.py"],
    "eutonia/quantity.py": ["tests/cases/test_quantity.py"],
    "eutonia/moment.py": ["tests/cases/test_moment.py"],
    "eutonia/pump/program.py": ["tests/cases/test_device.py", "tests/laws/test_pump.py"],
    "eutonia/pump/line.py": ["tests/cases/test_line.py", "tests/oracles/test_bridge.py"],
    "eutonia/pump/verify.py": ["tests/cases/test_verify.py"],
    "eutonia/pump/reservoir.py": [
        "tests/cases/test_line.py",
        "tests/cases/test_pump.py",
        "tests/oracles/test_bridge.py",
    ],
    "eutonia/pump/device.py": ["tests/cases/test_device.py"],
}
OTHERS = ["tests/cases", "tests/laws", "tests/oracles", "tests/hazards"]
SLOW = ["tests/cases/test_fhir.py", "tests/laws/test_fhir.py", "tests/laws/test_drugs.py"]
# The body reaches nothing of what is mutated but the printing of quantities.
SLOW += [
    f"tests/oracles/test_{each}.py" for each in ("course", "neuraxis", "plasma", "sbml", "spinal_course", "validation")
]
SLOW += ["tests/oracles/test_exponentials.py", "tests/laws/test_draws.py", "tests/doors/test_simulate.py"]

_ML = re.compile(r"^\"(?:m|mc|n)?g?/?ml(?:/day|/min)?\"$")
EXAMPLES = 60  # at most, of each law, and no shrinking: here a failure only has to be seen
PATIENCE_S = 12.0  # for the tests of one fault
LIMIT_S = 40.0  # a fault that runs longer has hung
WORKERS = 2


@dataclass(frozen=True)
class Mutant:
    """One small fault: where it is, the lines before and after, and the whole module with it."""

    path: str
    where: str | None  # the outermost function, None outside of every function
    change: str
    source: str


# -- the faults --------------------------------------------------------------------------------------------------------


class _Finder(cst.CSTVisitor):
    """Collects (node, what to put there, function) for every operator of mutmut."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.function: str | None = None
        self.depth = 0
        self.exact = 0  # inside a comparison, a key or a case, where a sentence is a value
        self.found: list[tuple[cst.CSTNode, cst.CSTNode, str | None]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _passed_by(node):
            return False
        if isinstance(node, cst.Parameters):
            # A default is worked out where the function stands, so its fault needs a fresh import.
            for each in (*node.params, *node.kwonly_params):
                if each.default is not None:
                    inside, self.function = self.function, None
                    each.default.visit(self)
                    self.function = inside
            return False
        if isinstance(node, cst.ClassDef | cst.FunctionDef):
            self.names.append(node.name.value)
            if isinstance(node, cst.FunctionDef):
                self.depth += 1
                if self.depth == 1:
                    self.function = ".".join(self.names)
        self.exact += isinstance(node, cst.Comparison | cst.DictElement | cst.MatchCase | cst.Set)
        for kind, operator in mutation_operators:
            if operator is operator_assignment and _typed(node):
                continue
            if isinstance(node, kind) and not (isinstance(node, cst.SimpleString) and self._for_people(node)):
                self.found += [(node, new, self.function) for new in operator(node) if not self._same_unit(new)]
        return True

    def on_leave(self, node: cst.CSTNode) -> None:
        if _passed_by(node) or isinstance(node, cst.Parameters):
            return
        if isinstance(node, cst.ClassDef | cst.FunctionDef):
            self.names.pop()
            if isinstance(node, cst.FunctionDef):
                self.depth -= 1
                if self.depth == 0:
                    self.function = None
        self.exact -= isinstance(node, cst.Comparison | cst.DictElement | cst.MatchCase | cst.Set)

    def _same_unit(self, new: cst.CSTNode) -> bool:
        """'ml' is a spelling of mL; outside the table of units nothing changes by it."""
        return self.function is not None and isinstance(new, cst.SimpleString) and bool(_ML.search(new.value))

    def _for_people(self, node: cst.SimpleString) -> bool:
        return not self.exact and str(node.evaluated_value).count(" ") >= 2 and "(?" not in node.value


def _typed(node: cst.CSTNode) -> bool:
    """Whether mypy refuses None, or '' for None, in this assignment."""
    return isinstance(node, cst.AnnAssign) and not (
        isinstance(node.annotation.annotation, cst.Name) and node.annotation.annotation.value == "Final"
    )


def _passed_by(node: cst.CSTNode) -> bool:
    match node:
        case cst.Annotation() | cst.Decorator() | cst.Import() | cst.ImportFrom():
            return True
        case cst.Call(func=cst.Name(value="len" | "isinstance")):
            return True
        case cst.Subscript(value=cst.Name(value="Literal")):
            return True
        case cst.Assign(value=cst.Subscript(value=cst.Name(value="Literal"))):
            return True
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value="__all__"))]):
            return True
    return False


def mutants(path: str) -> Iterator[Mutant]:
    """Every fault of one module that is Python; the same change twice in a function is numbered."""
    module = cst.parse_module((ROOT / path).read_text("utf-8"))
    pieces = [module.code_for_node(each) for each in module.body]
    head, _, tail = module.code.partition("".join(pieces))
    seen: Counter[tuple[str | None, str]] = Counter()
    for n, statement in enumerate(module.body):
        finder = _Finder()
        statement.visit(finder)
        for node, new, where in finder.found:
            piece = module.code_for_node(cst.ensure_type(statement.deep_replace(node, new), cst.CSTNode))
            try:
                compile(piece, path, "exec")
            except SyntaxError:
                continue
            change = _change(pieces[n], piece)
            seen[where, change] += 1
            again = f" (no. {seen[where, change]})" if seen[where, change] > 1 else ""
            yield Mutant(path, where, change + again, head + "".join([*pieces[:n], piece, *pieces[n + 1 :]]) + tail)


def _change(before: str, after: str) -> str:
    """The lines that differ, from the first to the last, on one line."""
    old, new = before.splitlines(), after.splitlines()
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    tidy = [" ".join(" ".join(lines).split()) for lines in (old, new)]
    return f"{tidy[0]} -> {tidy[1] or '(nothing)'}"


# -- one process a fault -----------------------------------------------------------------------------------------------


def spread(jobs: Iterable[Any], work: Callable[[Any], bool], told: Callable[[Any, str], None]) -> None:
    """Runs `work` for each job in a fork of its own; tells 'killed', 'survived' or 'timed out'."""
    running: dict[int, Any] = {}
    queue = iter(jobs)
    while True:
        while len(running) < WORKERS and (job := next(queue, None)) is not None:
            sys.stdout.flush()
            child = os.fork()
            if child == 0:
                _alone(work, job)
            running[child] = job
        if not running:
            return
        child, status = os.waitpid(-1, os.WNOHANG)
        if child in running:
            hung = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
            end = (
                "timed out"
                if hung
                else {_SURVIVED: "survived", _KILLED: "killed"}.get(os.waitstatus_to_exitcode(status))
            )
            if end is None:
                raise SystemExit(f"this fault could not be tried: {running[child].path}: {running[child].change}")
            told(running.pop(child), end)
        elif child == 0:
            time.sleep(0.005)


def _alone(work: Callable[[Any], bool], job: Any) -> None:
    """In the child: the exit status says what came of it.  A loop that never ends is ended by the kernel."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(LIMIT_S))
    said = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    code = 1
    try:
        code = _SURVIVED if work(job) else _KILLED
    except BaseException:
        os.write(said, traceback.format_exc().encode())
    finally:
        os._exit(code)


_SURVIVED, _KILLED = 10, 11  # not 0 and 1: a test or the import may end the process in ways of its own


# -- faults in a function: the code is exchanged in the living module --------------------------------------------------


class Inside:
    """A pytest plugin that runs, in place of the session's tests, the tests of each fault."""

    def __init__(self, jobs: list[Mutant], told: Callable[[Mutant, str], None]) -> None:
        self.jobs, self.told = jobs, told
        self.reaches: dict[tuple[str, str], list[pytest.Item]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        _calm(session.items)
        self._follow(session)
        gc.collect()
        gc.freeze()
        spread(self.jobs, self._survives, self.told)
        return True

    def _follow(self, session: pytest.Session) -> None:
        """Runs every test once, to know which functions it reaches and how long it takes."""
        files = {str(ROOT / path): path for path in OWN}
        took: dict[pytest.Item, float] = {}
        reached: dict[pytest.Item, set[tuple[str, str]]] = {}
        for item, following in _pairs(session.items):
            calls: set[tuple[str, str]] = set()

            def seen(frame: Any, event: str, _: Any, calls: set[tuple[str, str]] = calls) -> None:
                if event == "call" and frame.f_code.co_filename in files:
                    name = frame.f_code.co_qualname.split(".<locals>")[0]
                    calls.add((files[frame.f_code.co_filename], name))

            _forget()
            begin = time.monotonic()
            sys.setprofile(seen)
            try:
                reports = runtestprotocol(item, log=False, nextitem=following)
            finally:
                sys.setprofile(None)
            if all(report.passed for report in reports):
                took[item], reached[item] = time.monotonic() - begin, calls
            elif any(report.failed for report in reports):
                print(f"  left out, because it fails without any fault: {item.nodeid}", flush=True)
        for job in {(job.path, str(job.where)) for job in self.jobs}:
            own = [str(ROOT / each) for each in OWN[job[0]]]
            self.reaches[job] = sorted(
                (item for item in took if job in reached[item]),
                key=lambda item: (str(item.path) not in own or took[item] > 1, took[item]),
            )

    def _survives(self, job: Mutant) -> bool:
        _exchange(job)
        _forget()
        items = self.reaches[job.path, str(job.where)]
        begin = time.monotonic()
        for item, following in _pairs(items):
            reports = runtestprotocol(item, log=False, nextitem=following)
            if any(report.failed for report in reports):
                return False
            if time.monotonic() - begin > PATIENCE_S:
                break
        return True


def _pairs(items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip_longest(items, items[1:])


def _calm(items: list[pytest.Item]) -> None:
    for item in items:
        test = getattr(item, "obj", None)
        mine = getattr(test, "_hypothesis_internal_use_settings", None)
        if mine is not None:
            test = getattr(test, "__func__", test)
            test._hypothesis_internal_use_settings = hypothesis.settings(
                mine,
                max_examples=min(mine.max_examples, EXAMPLES),
                phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
            )


def _forget() -> None:
    """Empties the caches of the modules on the list: an answer from before the fault would hide it."""
    for path in OWN:
        for each in vars(importlib.import_module(_dotted(path))).values():
            if isinstance(each, functools._lru_cache_wrapper):
                each.cache_clear()


def _dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


def _exchange(job: Mutant) -> None:
    found: Any = importlib.import_module(_dotted(job.path))
    for name in str(job.where).split("."):
        found = found.__dict__[name]
    while not isinstance(found, FunctionType):
        kept = getattr(found, "fget", None) or getattr(found, "__func__", None) or getattr(found, "func", None)
        found = kept or found.__wrapped__
    found.__code__ = _code(compile(job.source, str(ROOT / job.path), "exec", dont_inherit=True), str(job.where))


def _code(code: CodeType, where: str) -> CodeType:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_qualname == where:
                return each
            if where.startswith(each.co_qualname + "."):
                return _code(each, where)
    raise LookupError(where)


# -- faults outside a function: the module is imported with the fault in it ---------------------------------------------


class _Faulty(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Gives the one module from the changed source."""

    def __init__(self, job: Mutant) -> None:
        super().__init__(_dotted(job.path), str(ROOT / job.path))
        self.job = job

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> Any:
        return importlib.util.spec_from_loader(name, self, origin=self.path) if name == self.name else None

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.job.source, self.path, "exec", dont_inherit=True)


class Outside:
    """A pytest plugin that forks before anything of the package is imported, and lets each fork collect its own tests."""

    def __init__(self, jobs: list[Mutant], told: Callable[[Mutant, str], None]) -> None:
        self.jobs, self.told = jobs, told

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool:
        assert not any(name.startswith("eutonia") for name in sys.modules)

        def survives(job: Mutant) -> bool:
            sys.meta_path.insert(0, _Faulty(job))
            tests = _present([*OWN[job.path], job.path, "tests/cases/test_pump.py", "tests/laws/test_values.py"])
            session.perform_collect(tests)
            if session.testsfailed:
                return False
            _calm(session.items)
            return all(
                not any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))
                for item, following in _pairs(session.items)
            )

        spread(self.jobs, survives, self.told)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool:
        return True


_OPTIONS = ["-q", "-s", "--tb=no", "--no-header", "--no-summary", "-p", "no:cacheprovider", "-p", "no:xdist"]
_OPTIONS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is imported before pytest looks at it


def _present(paths: list[str]) -> list[str]:
    return [each for each in paths if (ROOT / each).exists()]


# -- what came of it ---------------------------------------------------------------------------------------------------


def excused() -> dict[tuple[str, str], str]:
    """The faults that docs/mutants.md names as changing nothing: (file, mutation) and the reason."""
    if not PAGE.exists():
        return {}
    rows = re.findall(r"^\| `([^`|]+\.py)` \| `` (.+?) `` \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return {(path, change.replace("\\|", "|")): why for path, change, why in rows}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", help="modules to mutate; all of the list if none is named")
    parser.add_argument("--date", help="write the result, under this date, into docs/mutants.md")
    parser.add_argument("--only", help="only faults in functions whose name has this in it; 'module' for those outside")
    parser.add_argument("--quick", action="store_true", help="with the modules' own tests alone")
    args = parser.parse_args()
    _copy()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    paths = args.paths or list(OWN)
    begin = time.monotonic()
    jobs = [job for path in paths for job in mutants(path)]
    if args.only:
        jobs = [job for job in jobs if args.only in (job.where or "module")]
    print(f"{len(jobs)} faults in {len(paths)} modules; looking at the tests first", flush=True)

    outside = [job for job in jobs if job.where is None]
    outcome: dict[Mutant, str] = {}
    known = excused()

    def told(job: Mutant, end: str) -> None:
        outcome[job] = end
        if end == "survived" and (job.path, job.change) not in known:
            print(f"survived: {job.path} {job.where or ''}\n    {job.change}", flush=True)

    if outside:
        pytest.main([*_OPTIONS, "tests/cases"], [Outside(outside, told)])
    _inside([job for job in jobs if job.where is not None], paths, [] if args.quick else OTHERS, told)
    if len(outcome) != len(jobs):
        raise SystemExit("not every fault could be tried; see `make test`")

    wrong = 0
    rows = []
    for path in paths:
        mine = {job: end for job, end in outcome.items() if job.path == path}
        counts = Counter(mine.values())
        alive = [job for job, end in mine.items() if end == "survived"]
        new = sum(1 for job in alive if (path, job.change) not in known)
        wrong += new
        rows.append((path, len(mine), counts["killed"], counts["timed out"], len(alive) - new, new))
    head = ("module", "mutants", "killed", "timed out", "equivalent", "survived")
    for row in (head, *rows):
        print(f"{row[0]:30}" + "".join(f"{each:>12}" for each in row[1:]))
    stale = [
        key for key in known if key[0] in paths and not args.only and key not in {(j.path, j.change) for j in jobs}
    ]
    for path, change in stale:
        print(f"docs/mutants.md names a fault that is no more: {path}: {change}")
    print(f"{time.monotonic() - begin:.0f} s")
    if args.date and not args.only:
        _write(args.date, head, rows)
    return 1 if wrong or stale else 0


def _copy() -> None:
    ROOT.mkdir(parents=True)
    atexit.register(shutil.rmtree, ROOT, ignore_errors=True)  # a fork ends without it
    for name in COPIED:
        if (HERE / name).is_dir():
            shutil.copytree(HERE / name, ROOT / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (HERE / name).exists():
            shutil.copy(HERE / name, ROOT / name)


def _inside(jobs: list[Mutant], paths: list[str], others: list[str], told: Callable[[Mutant, str], None]) -> None:
    own = dict.fromkeys(each for path in paths for each in OWN[path])
    tests = _present(list(dict.fromkeys([*own, *others, *paths])))
    pytest.main([*_OPTIONS, *(f"--ignore={each}" for each in SLOW), *tests], [Inside(jobs, told)])


def _write(date: str, head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    lines = [f"Result of {date}:", "", "| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    lines += [f"| `{row[0]}` | " + " | ".join(str(each) for each in row[1:]) + " |" for row in rows]
    total = [sum(row[n] for row in rows) for n in range(1, len(head))]
    lines.append("| all | " + " | ".join(str(each) for each in total) + " |")
    text = PAGE.read_text("utf-8")
    block = "<!-- result -->\n" + "\n".join(lines) + "\n<!-- end of result -->"
    PAGE.write_text(re.sub(r"<!-- result -->.*<!-- end of result -->", lambda _: block, text, flags=re.DOTALL), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
