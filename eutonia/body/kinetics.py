"""How drug is taken up, spread and cleared, one value a person; and the course of plasma that follows from it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct
from numpy.typing import DTypeLike, NDArray

if TYPE_CHECKING:
    from eutonia.body.table import EventTable

Floats = NDArray[np.float64]


class KineticsError(ValueError):
    """Kinetics that no body can have, or a steady state that never comes."""


class Kinetics(Struct, frozen=True, eq=False):
    """Absorption and disposition of a row of persons (or of stretches of their time); every field is [rows].

    transit_h: rate of the stage before absorption, 1/h, 0 where there is none; absorb_h: 1/h; volumes in L, clearances
    in L/h, all true ones: `share` of an oral dose is absorbed.  `renal` is the part of the clearance that is urine's.
    """

    transit_h: Floats
    absorb_h: Floats
    clearance_l_h: Floats
    renal_l_h: Floats
    central_l: Floats
    between_l_h: Floats
    peripheral_l: Floats
    share: Floats
    lag_h: Floats

    def __len__(self) -> int:
        return int(self.clearance_l_h.size)

    def __post_init__(self) -> None:
        n = len(self)
        for name in self.__struct_fields__:
            each = getattr(self, name)
            if each.shape != (n,) or not np.all(np.isfinite(each)) or np.any(each < 0):
                raise KineticsError(f"'{name}' needs {n} finite numbers of zero or more")
        for name in ("absorb_h", "central_l"):
            if np.any(getattr(self, name) <= 0):
                raise KineticsError(f"'{name}' must be above zero")
        if np.any((self.between_l_h > 0) & (self.peripheral_l <= 0)):
            raise KineticsError("a flow between compartments needs a peripheral volume above zero")
        if np.any(self.share > 1):
            raise KineticsError("no more than the whole dose is absorbed: 'share' is at most 1")

    def rows(self) -> Floats:
        """[rows, ROW] the rates and weights that `course.run` works with."""
        # Here, because the kernels bring numba, and who only needs the numbers does not wait for it.
        from eutonia.body import course

        out = np.empty((len(self), course.ROW))
        course.fill_rows(
            out, self.transit_h, self.absorb_h, self.clearance_l_h, self.central_l, self.between_l_h,
            self.peripheral_l, self.share, self.lag_h,
        )  # fmt: skip
        return out


def concentrations(
    kinetics: Kinetics,
    table: EventTable,
    times_h: Floats | None = None,
    *,
    dtype: DTypeLike = np.float64,
    threads: int = 1,
    out: NDArray[Any] | None = None,
) -> tuple[NDArray[Any], Floats]:
    """Plasma concentrations in ng/mL: [people, times] at `times_h`, and [records] at the table's observations.

    Records other than observations are nan.  At a moment at which drug arrives, the grid shows the value after it; a
    recorded observation shows what its place among the records says.  The same bits for any number of threads.
    out: memory of that shape to write to; asked for again and again, new memory costs as much as what is computed.
    Raises KineticsError where a dose at steady state has no steady state.
    """
    from eutonia.body import course

    grid = np.ascontiguousarray(np.empty(0) if times_h is None else times_h, float)
    if grid.size and (not np.all(np.isfinite(grid)) or np.any(np.diff(grid) <= 0)):
        raise KineticsError("the times must be finite and ascending")
    steps = np.diff(grid)
    regular = bool(grid.size > 2 and np.all(np.abs(steps - steps.mean()) <= 1e-12 * max(abs(grid[0]), abs(grid[-1]))))
    if table.codes[:, course.KINETICS].max(initial=0) >= len(kinetics):
        raise KineticsError(
            f"the table asks for {table.codes[:, course.KINETICS].max() + 1} rows of kinetics; {len(kinetics)} are given"
        )
    rows, numbers = kinetics.rows(), _rated(kinetics, table)
    if out is None:
        out = np.empty((len(table), grid.size), dtype)
    elif out.shape != (len(table), grid.size) or not out.flags.c_contiguous:
        raise KineticsError(f"'out' needs {len(table)} rows of {grid.size} numbers, one after the other")
    observed = np.full(len(table.times), np.nan)

    def run(begin: int, end: int) -> None:
        course.run(rows, table.starts, numbers, table.codes, grid, regular, out[begin:end], observed, begin, end)

    if threads == 1 or len(table) < 2:
        run(0, len(table))
    else:
        bounds = np.linspace(0, len(table), 4 * threads + 1).astype(int)
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, bounds[:-1], bounds[1:]))
    if np.any(table.codes[:, course.STEADY] > 0) and (np.isnan(out).any() or np.isnan(observed[table.observed]).any()):
        raise KineticsError("there is no steady state: nothing is cleared")
    return out, observed


def _rated(kinetics: Kinetics, table: EventTable) -> Floats:
    """The numbers of the table with every length of an infusion as the rate that what is absorbed of it needs."""
    from eutonia.body import course

    rate = table.numbers[:, course.RATE]
    if not np.any(rate < 0):
        return table.numbers
    numbers = table.numbers.copy()
    gut = table.codes[:, course.PLACE] == course.GUT
    share = np.where(gut, kinetics.share[table.codes[:, course.KINETICS]], 1.0)
    timed = rate < 0
    numbers[timed, course.RATE] = (share * table.numbers[:, course.AMOUNT])[timed] / -rate[timed]
    return numbers
