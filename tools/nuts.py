"""Our posterior of one person's levels beside an independent sampler on the same density: docs/nuts.md, by `make nuts`.

NumPyro lives in an environment of its own; what it samples is written a second time, as a sum of exponentials, in
`nuts_side.py`.  Twenty patients are drawn; means must agree within a tenth of the sd before, sds within 15 %.
"""

from __future__ import annotations

import json
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.estimate import SAMPLED, closed, prior, table
from eutonia.predict import levels

ROOT = Path(__file__).parents[1]
WORK = ROOT / "out" / "nuts"
PAGE = ROOT / "docs" / "nuts.md"
PATIENTS = 20
MEANS, SPREADS = 0.1, 0.15


def patients() -> list[list[float]]:
    """The levels of the drawn patients."""
    rng = np.random.default_rng(11)
    truths = 0.3 * rng.normal(size=(PATIENTS, 3))
    return [list(closed(eta) * np.maximum(1 + 0.2 * rng.normal(size=SAMPLED.size), 0.1)) for eta in truths]


def compared() -> list[dict[str, Any]]:
    """Each patient: mean and sd of ours and of theirs."""
    seen = patients()
    (WORK / "patients.json").write_text(json.dumps({"times": list(SAMPLED), "levels": seen}))
    side = Path(__file__).with_name("nuts_side.py")
    subprocess.run([WORK / "bin" / "python", side, WORK / "patients.json", WORK / "found.json"], check=True)
    theirs = json.loads((WORK / "found.json").read_text())
    rows = []
    for y, other in zip(seen, theirs, strict=True):
        found = levels.sample(prior(), table(), y, 8000)
        mean = found.weight @ found.eta
        sd = np.sqrt(found.weight @ (found.eta - mean) ** 2)
        rows.append(
            {
                "mean": mean,
                "sd": sd,
                "their_mean": np.array(other["mean"]),
                "their_sd": np.array(other["sd"]),
                "k": found.k_hat,
                "rhat": other["rhat"],
            }
        )
    return rows


def main() -> None:
    """Compares, writes the page, and fails where they do not agree."""
    rows = compared()
    means = np.array([np.abs(row["mean"] - row["their_mean"]) / prior().sd() for row in rows])
    spreads = np.array([np.abs(row["sd"] / row["their_sd"] - 1.0) for row in rows])
    lines = [
        "# Beside an independent sampler",
        "",
        f"Written by `make nuts` on {date.today().isoformat()}: {PATIENTS} drawn patients of W2 (three etas of 30 %, four levels with a proportional error of 20 %),",
        "NumPyro's NUTS (4 chains of 4,000 draws after 2,000 of warm-up, in double precision) on a density that is written there a second time.",
        "",
        "| number | means apart, at most (in sd before) | sds apart, at most | allowed |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {means[:, k].max():.3f} | {100 * spreads[:, k].max():.1f} % | {MEANS}, {100 * SPREADS:.0f} % |"
        for k, name in enumerate(("clearance", "central volume", "absorption"))
    ]
    lines += [
        "",
        f"Largest k-hat of ours: {max(row['k'] for row in rows):.2f}; largest r-hat of theirs: {max(row['rhat'] for row in rows):.4f}.",
        "",
    ]
    PAGE.write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))
    if not (means.max() < MEANS and spreads.max() < SPREADS):
        raise SystemExit("they do not agree")


if __name__ == "__main__":
    main()
