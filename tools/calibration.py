"""Are the estimates honest?  Patients are drawn, what they show is drawn, and each is estimated from that alone.

If an estimate says what it should, the truth lies anywhere in it as often as anywhere else: its ranks are even, and
nine of ten truths lie in nine tenths.  `make calibration` writes docs/calibration.md; slow, so not in CI.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace
from scipy.stats import chi2

import eutonia
from eutonia.advice import examined
from eutonia.body.draws import normals
from eutonia.body.parameters import parameter
from eutonia.predict import posterior
from eutonia.predict.candidate import Candidates
from eutonia.predict.likelihood import blurred
from eutonia.predict.observed import Bolus, Drawn, Level, Observed, Visit, observed, steps
from eutonia.predict.patient import Person, person
from eutonia.predict.setting import Explanation, Setting, setting

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "calibration.md"
NOW = "2026-05-02 09:00"
BINS = 20
DRAWS = 600

PERSON = """
2025-12-01 10:00 person id CAL-1; born 1980-03-14; sex female
2025-12-01 weight 68 kg
2025-12-01 height 168 cm
2025-12-01 lab creatinine 0.8 mg/dL
2025-12-01 condition spinal cord injury; level T8; origin spinal
2025-12-01 score ashworth legs 4; penn 3
"""
LEVELS = """
2026-04-20 08:00 oral 20 mg three times a day
2026-04-30 10:00 lab plasma 200 ng/mL
2026-04-30 14:30 lab plasma 200 ng/mL
2026-05-01 09:30 lab plasma 200 ng/mL
2026-05-01 21:00 lab plasma 200 ng/mL
"""
TRIAL = """
2026-01-20 09:00 trial 50 mcg
2026-01-20 11:00 score ashworth legs 3; penn 2
2026-01-20 13:00 score ashworth legs 3; penn 2
2026-01-20 17:00 score ashworth legs 3; penn 2
2026-01-21 09:00 score ashworth legs 3; penn 2
2026-01-21 09:10 response positive; lasted 6 h
"""
PUMP = """
2026-02-02 09:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10
2026-02-02 09:30 refill 18 mL of 2000 mcg/mL; product 2000 mcg/mL
2026-02-02 09:40 prime 0.364 mL
2026-02-02 10:00 program continuous 100 mcg/day
2026-02-16 10:00 program continuous 130 mcg/day
2026-03-02 10:00 program continuous 170 mcg/day
2026-03-16 10:00 program continuous 220 mcg/day
2026-03-30 10:00 program continuous 280 mcg/day
2026-04-20 10:00 residual 10 mL
2026-04-20 10:10 program continuous 330 mcg/day
"""
SCORES = "".join(
    f"{day} 09:00 score ashworth legs 3; penn 2\n"
    for day in ("2026-02-16", "2026-03-02", "2026-03-16", "2026-03-30", "2026-04-20", "2026-05-01")
)
DESIGNS = {
    "oral with levels": PERSON.replace("2025-12-01 score ashworth legs 4; penn 3\n", "") + LEVELS,
    "trial bolus": PERSON + TRIAL,
    "titration with scores": PERSON + PUMP + SCORES,
    "all": PERSON + TRIAL + PUMP + SCORES,
}


@cache
def design(name: str) -> tuple[Setting, Candidates]:
    """The setting of a design, and a model of it whose rough levels are worked out once."""
    advice = examined(eutonia.read(DESIGNS[name].strip() + "\n"), NOW)
    who = person(advice.facts, advice.pump, by_mouth=bool(advice.facts.oral_history), in_spine=True)
    assert isinstance(who, Person)
    at = setting(advice.facts, who, observed(advice.facts, advice.pump, who))
    model = Candidates(at)
    _ = model._bent
    return at, model


def drawn(
    at: Setting, model: Candidates, seed: str, n: int, by: Explanation | None = None
) -> tuple[Any, int, int, Observed]:
    """A patient [1, size], its kind and explanation, and what this patient shows; `by` where the explanation is given."""
    z = normals(seed, "truth", n, 1, model.size + 2)[0]
    rng = np.random.default_rng([n, *seed.encode()])
    kind = int(rng.random() >= model.shares[0])
    shares = np.array([each.share for each in at.explanations])
    under = int(rng.choice(len(shares), p=shares / shares.sum()))
    x = z[None, : model.size]
    found = model._answered(x, np.array([kind]))
    shown = model._shown(found, by if by is not None else at.explanations[under] if under else None)[0]
    return x, kind, under, _seen(at, shown, rng)


def _seen(at: Setting, shown: Any, rng: np.random.Generator) -> Observed:
    book, seen = at.book, at.observed
    scale, visit = (parameter(book, f"tone.{name}", "points").value for name in ("score_scale", "visit"))

    def scored(expected: float, lowest: int) -> tuple[float, float]:
        value = min(max(round(rng.logistic(expected, scale) - lowest), 0), 4)
        return steps(lowest)[value]

    visits = []
    for k, each in enumerate(seen.visits):
        off = visit * rng.normal()
        visits.append(
            Visit(
                each.at,
                (scored(shown[3 * k] + off, 1),) if each.ashworth else (),
                scored(shown[3 * k + 1] + off, 0) if each.penn else None,
            )
        )
    begin, boluses = 3 * len(visits), []
    blur = blurred(book)
    for k, bolus in enumerate(seen.boluses):
        fall, lasts = shown[begin + 2 * k : begin + 2 * k + 2]
        fell = rng.logistic(fall, blur) > 1.0
        hours = math.exp(rng.normal(lasts, parameter(book, "estimate.lasted").value))
        boluses.append(
            Bolus(bolus.at, bool(fell) if bolus.fell is not None else None, hours if bolus.lasted_h else None)
        )
    begin += 2 * len(boluses)
    error = parameter(book, "body.residual", "%").value
    levels = [
        Level(each.at, each.where, math.exp(rng.normal(shown[begin + k], error))) for k, each in enumerate(seen.levels)
    ]
    begin += len(levels)
    sd = parameter(book, "estimate.residual", "mL").value
    volumes = [
        Drawn(each.begin, each.at, rng.normal(each.meant_ml * shown[begin + k], sd), each.meant_ml)
        for k, each in enumerate(seen.drawn)
    ]
    return Observed(tuple(visits), tuple(boluses), tuple(levels), tuple(volumes), ())


def weighed(at: Setting, model: Candidates, seen: Observed) -> posterior.Draws:
    """The estimate from what was shown."""
    mine = Candidates(replace(at, observed=seen))
    mine.__dict__["_bent"] = model._bent
    return posterior.weighed(mine, DRAWS)


def failing(at: Setting, found: posterior.Draws) -> float:
    """How likely the estimate holds it that delivery has failed."""
    each = np.exp(found.explained - np.logaddexp.reduce(found.explained, axis=1, keepdims=True))
    share = found.weight @ each
    return float(sum(s for s, one in zip(share, at.explanations, strict=True) if one.kind in ("catheter", "pump")))


def dose(model: Candidates, x: Any, kind: Any) -> Any:
    """The logarithm of the effective daily dose, by the rough levels: the same function of truth and draws."""
    at = model.setting
    where = next((k for k, (block, _, name) in enumerate(at.columns) if name == "half-effect level"), None)
    if where is None:
        return np.zeros(len(x))
    typical, slope, bend = model._bent
    body = x[:, model._body]
    column = -1 if typical[0, -1] > math.log(1e-8) else -2
    per = (
        typical[kind, column]
        + (body * slope[kind, :, column]).sum(axis=1)
        + (body**2 * bend[kind, :, column]).sum(axis=1)
    )
    return parameter(at.book, "tone.c50", "ng/mL").spread(True) * x[:, where] - per


def one(job: tuple[str, int]) -> dict[str, Any]:
    """One synthetic patient of a design: where the truth lies in the estimate."""
    name, n = job
    at, model = design(name)
    x, kind, under, seen = drawn(at, model, f"truths of {name}", n)
    begin = time.perf_counter()
    found = weighed(at, model, seen)
    took = time.perf_counter() - begin
    truth = np.append(x[0], dose(model, x, np.array([kind])))
    draws = np.column_stack([found.x, dose(model, found.x, found.kind)])
    ranks = found.weight @ (draws < truth)
    kinds = [each.kind for each in at.explanations]
    return {
        "ranks": [float(each) for each in ranks], "slow": float(found.weight[found.kind == 1].sum()), "is_slow": kind,
        "failing": failing(at, found), "fails": kinds[under] in ("catheter", "pump"), "method": found.method,
        "k": found.k_hat, "worth": found.effective, "took": took,
    }  # fmt: skip


def leak(job: tuple[bool, int]) -> float:
    """How likely a failing delivery is held to be: of a chart whose catheter leaks from some day on, or of a clean one."""
    leaks, n = job
    at, model = design("titration with scores")
    rng = np.random.default_rng([n, 77])
    by = Explanation("as told", 1.0)
    if leaks:
        # From a day in the first half of the course on, so much still arrives; what comes after is seen before the refill.
        day = float(rng.uniform(3, 50))
        by = Explanation(
            "catheter", 1.0, at.visits[0].at + timedelta(days=day - 14), None, float(rng.uniform(0.0, 0.7))
        )
    _, _, _, seen = drawn(at, model, f"leak {leaks}", n, by)
    return failing(at, weighed(at, model, seen))


def even(ranks: Any) -> float:
    """The p value of the ranks being even."""
    counts = np.histogram(ranks, np.linspace(0, 1, BINS + 1))[0]
    expected = len(ranks) / BINS
    return float(chi2.sf(((counts - expected) ** 2 / expected).sum(), BINS - 1))


def main(patients: int, charts: int, *only: str) -> None:
    """Runs all designs, or those named and keeps what was found of the others, and writes the page."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    kept = ROOT / "out" / "calibration.json"
    before = json.loads(kept.read_text()) if only else {"designs": {}}
    results: dict[str, Any] = before["designs"]
    with ProcessPoolExecutor(2) as pool:
        for name in only or DESIGNS:
            if name in DESIGNS:
                results[name] = list(pool.map(one, [(name, n) for n in range(patients)], chunksize=5))
                print(name, "done", flush=True)
        leaks = before.get("leaks")
        if leaks is None or "leaks" in only:
            leaks = [list(pool.map(leak, [(leaks, n) for n in range(charts)], chunksize=5)) for leaks in (True, False)]
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(json.dumps({"designs": {name: results[name] for name in DESIGNS}, "leaks": leaks}))
    PAGE.write_text(page(results, *leaks), "utf-8")


def page(results: dict[str, list[dict[str, Any]]], leaks: list[float], clean: list[float]) -> str:
    """The page."""
    from datetime import date

    lines = [
        "# Calibration",
        "",
        f"Written by `make calibration` on {date.today().isoformat()}; patients, what they show and their estimates are drawn, none is real.",
        "",
        *_summary(results),
        "",
        "## Simulation-based calibration",
        "",
        "A patient is drawn from what is believed beforehand, and so is what this patient shows at the times of the design.  The estimate",
        "sees only that.  If it is honest, the rank of the truth among its draws is even: `p` is that of a chi-square test over 20 bins",
        "(honest above 0.01; of some forty tests, one below 0.03 is luck), `in 90%` the share of truths inside the 5-95 % interval.",
        "",
    ]
    for name in DESIGNS:
        at, found = design(name)[0], results[name]
        names = [label for _, _, label in at.columns]
        ranks = np.array([each["ranks"] for each in found])
        if at.observed.of_effect:
            names.append("**effective daily dose**")
        lines += [
            f"### {name[0].upper()}{name[1:]}",
            "",
            f"{len(found):,} patients; {_observations(at)}.",
            "",
            "| number | p | in 90% |",
            "|---|---|---|",
        ]
        for k, label in enumerate(names):
            inside = ((ranks[:, k] >= 0.05) & (ranks[:, k] <= 0.95)).mean()
            lines.append(f"| {label} | {even(ranks[:, k]):.3f} | {100 * inside:.1f} % |")
        took = sorted(each["took"] for each in found)
        stepped = np.mean([each["method"] == "sequential" for each in found])
        lines += [
            "",
            f"k-hat above 0.7, so drawn in steps: {100 * stepped:.1f} %.  Draws worth (median): {np.median([each['worth'] for each in found]):.0f}.  "
            f"Time of one estimate: median {1e3 * took[len(took) // 2]:.0f} ms, 95 of 100 within {1e3 * took[int(0.95 * len(took))]:.0f} ms (two at a time on two cores).",
            "",
        ]
        if at.observed.of_effect:
            said, was = np.array([each["slow"] for each in found]), np.array([each["is_slow"] for each in found])
            lines += [f"Slow mixing: said {100 * said.mean():.1f} % on average, was {100 * was.mean():.1f} %.", ""]
        if any(each["fails"] for each in found):
            said, was = np.array([each["failing"] for each in found]), np.array([each["fails"] for each in found])
            high = said >= 0.2
            lines += [
                f"Failing delivery: said {100 * said.mean():.1f} % on average, was {100 * was.mean():.1f} %; where at least 20 % was said ({high.sum()} patients), "
                f"{100 * said[high].mean():.0f} % was said on average and {100 * was[high].mean():.0f} % was so.",
                "",
            ]
    lines += _roc(leaks, clean)
    return "\n".join(lines)


def _summary(results: dict[str, list[dict[str, Any]]]) -> list[str]:
    """How many of the tests are as they should be, and what luck alone would do."""
    even_ones, inside = [], []
    for name, found in results.items():
        at = design(name)[0]
        ranks = np.array([each["ranks"] for each in found])[:, : len(at.columns) + bool(at.observed.of_effect)]
        even_ones += [even(each) for each in ranks.T]
        inside += list(100 * ((ranks >= 0.05) & (ranks <= 0.95)).mean(axis=0))
    low = sum(each < 0.01 for each in even_ones)
    return [
        f"Of {len(even_ones)} tests of ranks {len(even_ones) - low} have p > 0.01 (if all were honest {0.01 * len(even_ones):.1f} would fall below it by luck);",
        f"the 90 % intervals hold between {min(inside):.1f} and {max(inside):.1f} % of the truths (luck alone spreads a thousand by 1 %).",
    ]


def _observations(at: Setting) -> str:
    seen = at.observed
    parts = [
        (len(seen.visits), "visits with Ashworth and Penn scores"), (len(seen.boluses), "response to a bolus with its duration"),
        (len(seen.levels), "levels in plasma"), (len(seen.drawn), "residual volume"),
    ]  # fmt: skip
    return ", ".join(f"{count} {what}" for count, what in parts if count)


def _roc(leaks: list[float], clean: list[float]) -> list[str]:
    bad, good = np.array(leaks), np.array(clean)
    area = float((bad[:, None] > good).mean() + 0.5 * (bad[:, None] == good).mean())
    lines = [
        "## A catheter that leaks",
        "",
        f"{len(leaks)} charts whose catheter leaks from a known day on (a day of the first seven weeks; nothing to seven tenths of the dose arrives) and "
        f"{len(clean)} clean ones, all with the doses and visits of 'titration with scores', flagged before the next refill where the estimate holds a failing "
        f"delivery likelier than a limit.  Area under the curve: {area:.2f}.",
        "",
        "| flagged above | of the leaking | false alarms |",
        "|---|---|---|",
    ]
    lines += [
        f"| {100 * limit:g} % | {100 * (bad > limit).mean():.0f} % | {100 * (good > limit).mean():.1f} % |"
        for limit in (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8)
    ]
    lines += [
        "",
        "Scores alone part a leak from a patient who needs more drug only where an effect was there before, or the dose has risen far.",
        "",
    ]
    return lines


if __name__ == "__main__":
    given = sys.argv[1:] or ["1000", "200"]
    main(int(given[0]), int(given[1]), *given[2:])
