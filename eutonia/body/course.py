"""The course of a drug in plasma after any doses, in closed form: stages of absorption, then up to two compartments.

The state is held as the amounts in the two stages of absorption and, for the plasma, as the two exponentials it is the
sum of.  Written so, every coefficient is positive: nothing cancels, whichever rates coincide.  Between two arrivals of
drug the state jumps by one propagator; on a regular grid of times all values of a segment come from one table.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from eutonia.body.exponentials import four, three, two

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Amounts (mg) in the first and the second stage of absorption, then the two exponentials of the plasma (ng/mL).
State = tuple[float, float, float, float]

# A row of rates, one person's (or one stretch of a person's) kinetics.
TRANSIT, ABSORB, FAST, SLOW, W_FAST, W_SLOW, SHARE, LAG, K12, K21, TO_K21_FAST, TO_K21_SLOW, PER_L, ROW = range(14)
# Columns of the recorded events, and where a dose goes.
TIME, AMOUNT, RATE, INTERVAL = range(4)
KIND, PLACE, MORE, STEADY, KINETICS = range(5)
GUT, CENTRAL = 1, 2
OBSERVE, DOSE, CHANGE, RESET, RESET_DOSE = range(5)
# What arrives.
_AMOUNT_GUT, _AMOUNT_CENTRAL, _RATE_GUT, _RATE_CENTRAL, _RECORD = range(5)

_NAN = math.nan
_NOTHING = 1e-290
_EMPTY: State = (0.0, 0.0, 0.0, 0.0)
# The grid is filled in blocks of so many points from one table, which stays in the nearest cache.
_BLOCK = 64
# So many steps are remembered: most doses come at few distances from each other and from the grid.
_KEPT = 4
# The grid's own steps are kept beside them: of 1, 2, 4 ... points, up to a block.
_POWERS = 7


@njit(cache=True, nogil=True, error_model="numpy")
def fill_row(
    row: Floats,
    transit: float,
    absorb: float,
    clearance: float,
    central: float,
    between: float,
    peripheral: float,
    share: float,
    lag: float,
) -> None:
    """Writes the rates (1/h) and weights of one person's kinetics (L/h, L, h) into a row; concentrations are ng/mL."""
    k10 = clearance / central
    k12 = between / central
    k21 = between / peripheral if between > 0.0 else 0.0
    gap = k10 + k12 - k21
    root = math.sqrt(gap * gap + 4.0 * k12 * k21)
    # Both distances of the exponentials from k21 are sums of positive terms, or a product over such a sum.
    if gap >= 0.0:
        fast_beyond = 0.5 * (gap + root)
        slow_below = k12 * k21 / fast_beyond if fast_beyond > 0.0 else 0.0
    else:
        slow_below = 0.5 * (root - gap)
        fast_beyond = k12 * k21 / slow_below
    fast = k21 + fast_beyond
    row[TRANSIT] = transit
    row[ABSORB] = absorb
    row[FAST] = fast
    row[SLOW] = k10 * k21 / fast if fast > 0.0 else 0.0
    row[W_FAST] = (fast_beyond / root if root > 0.0 else 1.0) * 1e3 / central
    row[W_SLOW] = (slow_below / root if root > 0.0 else 0.0) * 1e3 / central
    row[SHARE] = share
    row[LAG] = lag
    row[K12] = k12
    row[K21] = k21
    row[TO_K21_FAST] = fast_beyond
    row[TO_K21_SLOW] = slow_below
    row[PER_L] = 1e3 / central


@njit(cache=True, nogil=True, error_model="numpy")
def fill_rows(
    out: Floats,
    transit: Floats,
    absorb: Floats,
    clearance: Floats,
    central: Floats,
    between: Floats,
    peripheral: Floats,
    share: Floats,
    lag: Floats,
) -> None:
    """Writes a row of rates for each row of kinetics."""
    for i in range(out.shape[0]):
        fill_row(
            out[i], transit[i], absorb[i], clearance[i], central[i], between[i], peripheral[i], share[i], lag[i]
        )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _propagator(row: Floats, h: float, all_of_them: Floats, which: int) -> None:
    """What a step of h does to the state: nine numbers, written into one of some rows."""
    to = all_of_them[which]
    a = row[ABSORB]
    fast, slow = row[FAST], row[SLOW]
    to[1] = math.exp(-a * h)
    to[2] = math.exp(-fast * h)
    to[3] = math.exp(-slow * h)
    to[4] = a * row[W_FAST] * two(a, fast, h)
    to[5] = a * row[W_SLOW] * two(a, slow, h)
    t = row[TRANSIT]
    if t > 0.0:
        to[0] = math.exp(-t * h)
        to[6] = t * two(t, a, h)
        to[7] = t * a * row[W_FAST] * three(t, a, fast, h)
        to[8] = t * a * row[W_SLOW] * three(t, a, slow, h)
    else:
        to[0] = to[6] = to[7] = to[8] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _step(state: State, by: Floats, k: int) -> State:
    """The state a step later."""
    first, second, fast, slow = state
    return (
        by[k, 0] * first,
        by[k, 1] * second + by[k, 6] * first,
        by[k, 2] * fast + by[k, 4] * second + by[k, 7] * first,
        by[k, 3] * slow + by[k, 5] * second + by[k, 8] * first,
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _found(row: Floats, h: float, tolerance: float, kept: Floats, steps: Floats, oldest: int) -> tuple[int, int]:
    """Where a step of h is kept, made now in the place of the oldest if it is not; and which is the oldest then."""
    for k in range(_KEPT + _POWERS):
        if abs(steps[k] - h) <= tolerance:
            return k, oldest
    _propagator(row, h, kept, oldest)
    steps[oldest] = h
    return oldest, (oldest + 1) % _KEPT


@njit(cache=True, nogil=True, error_model="numpy")
def _infused(state: State, row: Floats, h: float, gut: float, central: float) -> State:
    """The state with what steady inflows (mg/h) have left behind after a time of h."""
    first, second, fast, slow = state
    if central != 0.0:
        fast += central * row[W_FAST] * two(0.0, row[FAST], h)
        slow += central * row[W_SLOW] * two(0.0, row[SLOW], h)
    if gut != 0.0:
        a, t = row[ABSORB], row[TRANSIT]
        if t > 0.0:
            first += gut * two(0.0, t, h)
            second += gut * t * three(0.0, t, a, h)
            fast += gut * t * a * row[W_FAST] * four(0.0, t, a, row[FAST], h)
            slow += gut * t * a * row[W_SLOW] * four(0.0, t, a, row[SLOW], h)
        else:
            second += gut * two(0.0, a, h)
            fast += gut * a * row[W_FAST] * three(0.0, a, row[FAST], h)
            slow += gut * a * row[W_SLOW] * three(0.0, a, row[SLOW], h)
    return first, second, fast, slow


@njit(cache=True, nogil=True, error_model="numpy")
def _given(state: State, row: Floats, place: int, amount: float) -> State:
    """The state with an amount (mg) more, at once."""
    first, second, fast, slow = state
    if place == CENTRAL:
        return first, second, fast + amount * row[W_FAST], slow + amount * row[W_SLOW]
    if row[TRANSIT] > 0.0:
        return first + amount, second, fast, slow
    return first, second + amount, fast, slow


@njit(cache=True, nogil=True, error_model="numpy")
def _rebased(state: State, old: Floats, new: Floats) -> State:
    """The same amounts in both compartments, as the exponentials of other kinetics."""
    first, second = state[0], state[1]
    fast, slow = state[2] / old[PER_L], state[3] / old[PER_L]
    central = fast + slow
    peripheral = 0.0
    if old[K12] > 0.0:
        peripheral = old[K12] * (slow / old[TO_K21_SLOW] - fast / old[TO_K21_FAST])
    root = new[TO_K21_FAST] + new[TO_K21_SLOW]
    moved = peripheral * new[K21] / root * new[PER_L] if root > 0.0 else 0.0
    if old[TRANSIT] > 0.0 and new[TRANSIT] == 0.0:
        first, second = 0.0, first + second
    return first, second, central * new[W_FAST] - moved, central * new[W_SLOW] + moved


@njit(cache=True, nogil=True, error_model="numpy")
def _endless(state: State, row: Floats, interval: float, work: Floats) -> State:
    """From the trace of one dose, the sum over all doses of an endless past, an interval apart."""
    _propagator(row, interval, work, 0)
    if not row[FAST] * interval > 0.0 or (row[W_SLOW] > 0.0 and not row[SLOW] * interval > 0.0):
        return _NAN, _NAN, _NAN, _NAN
    t, a = row[TRANSIT], row[ABSORB]
    first = state[0] / -math.expm1(-t * interval) if t > 0.0 else 0.0
    second = (state[1] + work[0, 6] * first) / -math.expm1(-a * interval)
    fast = (state[2] + work[0, 4] * second + work[0, 7] * first) / -math.expm1(-row[FAST] * interval)
    slow = state[3]
    if row[W_SLOW] > 0.0:
        slow = (slow + work[0, 5] * second + work[0, 8] * first) / -math.expm1(-row[SLOW] * interval)
    return first, second, fast, slow


@njit(cache=True, nogil=True, error_model="numpy")
def areas(rows: Floats, h: float, out: Floats) -> None:
    """The area under the curve (ng/mL h) up to `h` after one swallowed mg, for each row of rates."""
    for i in range(rows.shape[0]):
        a, t, total = rows[i, ABSORB], rows[i, TRANSIT], 0.0
        for rate, weight in ((rows[i, FAST], rows[i, W_FAST]), (rows[i, SLOW], rows[i, W_SLOW])):
            if weight > 0.0:
                total += weight * a * (t * four(0.0, t, a, rate, h) if t > 0.0 else three(0.0, a, rate, h))
        out[i] = rows[i, SHARE] * total


@njit(cache=True, nogil=True, error_model="numpy")
def arrivals_of(rows: Floats, numbers: Floats, codes: Ints, first: int, last: int) -> int:
    """How many arrivals the records of one person can make, at most."""
    count = 0
    for record in range(first, last):
        if codes[record, KIND] in (DOSE, RESET_DOSE):
            rate = numbers[record, RATE]
            count += (2 if rate > 0.0 else 1) * (1 + codes[record, MORE])
            if codes[record, STEADY] > 0:
                # Those of the endless past that have not arrived yet, or not ended.
                row = rows[codes[record, KINETICS]]
                lasts = max(row[SHARE], 1.0) * numbers[record, AMOUNT] / rate if rate > 0.0 else 0.0
                count += 2 * int((row[LAG] + lasts) / numbers[record, INTERVAL]) + 4
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _put(plan: Floats, count: int, time: float, kind: int, value: float) -> int:
    """Inserts an arrival in the order of time; what was recorded later stands later."""
    place = count
    while place > 0 and plan[place - 1, 0] > time:
        plan[place, 0] = plan[place - 1, 0]
        plan[place, 1] = plan[place - 1, 1]
        plan[place, 2] = plan[place - 1, 2]
        place -= 1
    plan[place, 0] = time
    plan[place, 1] = kind
    plan[place, 2] = value
    return count + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _give(plan: Floats, count: int, gut: bool, at: float, amount: float, rate: float) -> int:
    """Plans the arrival of one dose; an infusion begins and ends.  The rate of an infusion is kept, its length follows."""
    if rate > 0.0:
        kind = _RATE_GUT if gut else _RATE_CENTRAL
        count = _put(plan, count, at, kind, rate)
        return _put(plan, count, at + amount / rate, kind, -rate)
    return _put(plan, count, at, _AMOUNT_GUT if gut else _AMOUNT_CENTRAL, amount)


@njit(cache=True, nogil=True, error_model="numpy")
def _steady(
    state: State,
    rates: Floats,
    row: Floats,
    gut: bool,
    amount: float,
    rate: float,
    lag: float,
    interval: float,
    now: float,
    plan: Floats,
    count: int,
    work: Floats,
) -> tuple[State, int]:
    """The state with the past of a dose that was repeated forever before `now`; plans what of it is still to come."""
    into_gut, into_plasma = (rate, 0.0) if gut else (0.0, rate)
    lasts = amount / rate if rate > 0.0 else 0.0
    if rate > 0.0:
        trace = _infused(_EMPTY, row, lasts, into_gut, into_plasma)
    else:
        trace = _given(_EMPTY, row, GUT if gut else CENTRAL, amount)
    # The doses of the past that are not over yet, one by one; all others as one sum.
    back = 1
    while back * interval - lag < lasts or (lasts == 0.0 and back * interval - lag <= 0.0):
        age = back * interval - lag
        if age <= 0.0:
            count = _give(plan, count, gut, now - age, amount, rate)
        else:
            state = _infused(state, row, age, into_gut, into_plasma)
            rates[0 if gut else 1] += rate
            count = _put(plan, count, now + lasts - age, _RATE_GUT if gut else _RATE_CENTRAL, -rate)
        back += 1
    trace = _endless(trace, row, interval, work)
    _propagator(row, back * interval - lag - lasts, work, 0)
    past = _step(trace, work, 0)
    return (state[0] + past[0], state[1] + past[1], state[2] + past[2], state[3] + past[3]), count


@njit(cache=True, nogil=True, error_model="numpy")
def _doubled(by: Floats, k: int) -> None:
    """The step after row k: twice as long.  Sums of positive products, so that nothing cancels."""
    e0, e1, e2, e3 = by[k, 0], by[k, 1], by[k, 2], by[k, 3]
    a2, a3, t1 = by[k, 4], by[k, 5], by[k, 6]
    by[k + 1, 0], by[k + 1, 1], by[k + 1, 2], by[k + 1, 3] = e0 * e0, e1 * e1, e2 * e2, e3 * e3
    by[k + 1, 4], by[k + 1, 5], by[k + 1, 6] = a2 * (e2 + e1), a3 * (e3 + e1), t1 * (e1 + e0)
    by[k + 1, 7] = by[k, 7] * (e2 + e0) + a2 * t1
    by[k + 1, 8] = by[k, 8] * (e3 + e0) + a3 * t1


@njit(cache=True, nogil=True, error_model="numpy")
def _table(row: Floats, dt: float, tables: Floats, inflow: bool, kept: Floats, steps: Floats) -> None:
    """The concentrations per unit of state on a block of the grid; the steps of 1, 2, 4 ... points are kept.

    Rows: fast, slow, second stage, first stage; then inflow to plasma and to the gut, per mg/h; the rest is work.
    Each half of a block is the half before it, one step of its length later.
    """
    _propagator(row, dt, kept, _KEPT)
    steps[_KEPT] = dt
    for k in range(_POWERS - 1):
        _doubled(kept, _KEPT + k)
        steps[_KEPT + k + 1] = 2.0 * steps[_KEPT + k]
    early = row[TRANSIT] > 0.0
    # By their numbers: to name a row of an array costs as much as a dozen of its values.
    tables[0, 0] = tables[1, 0] = tables[8, 0] = tables[12, 0] = 1.0
    tables[6, 0] = tables[7, 0] = tables[9, 0] = tables[10, 0] = tables[11, 0] = 0.0
    length = np.uintp(1)
    for k in range(_KEPT, _KEPT + _POWERS - 1):
        e1, e2, e3, a2, a3 = kept[k, 1], kept[k, 2], kept[k, 3], kept[k, 4], kept[k, 5]
        # Numbers too small to be normal ones cost a hundred times more, and weigh nothing.
        for j in range(length):
            tables[0, length + j] = max(e2 * tables[0, j], _NOTHING)
            tables[1, length + j] = max(e3 * tables[1, j], _NOTHING)
            tables[6, length + j] = e2 * tables[6, j] + a2 * tables[8, j]
            tables[7, length + j] = e3 * tables[7, j] + a3 * tables[8, j]
            tables[8, length + j] = max(e1 * tables[8, j], _NOTHING)
        if early:
            e0, t1, t2, t3 = kept[k, 0], kept[k, 6], kept[k, 7], kept[k, 8]
            for j in range(length):
                p, q, y, z = tables[9, j], tables[10, j], tables[11, j], tables[12, j]
                tables[9, length + j] = e2 * p + a2 * y + t2 * z
                tables[10, length + j] = e3 * q + a3 * y + t3 * z
                tables[11, length + j] = e1 * y + t1 * z
                tables[12, length + j] = max(e0 * z, _NOTHING)
        length += length
    for j in range(np.uintp(_BLOCK)):
        tables[2, j] = tables[6, j] + tables[7, j]
    if early:
        for j in range(np.uintp(_BLOCK)):
            tables[3, j] = tables[9, j] + tables[10, j]
    if inflow:
        for j in range(_BLOCK):
            to_plasma = _infused(_EMPTY, row, dt * j, 0.0, 1.0)
            to_gut = _infused(_EMPTY, row, dt * j, 1.0, 0.0)
            tables[4, j], tables[5, j] = to_plasma[2] + to_plasma[3], to_gut[2] + to_gut[3]


@njit(cache=True, nogil=True, error_model="numpy")
def run(  # type: ignore[no-untyped-def]
    rows: Floats,
    starts: Ints,
    numbers: Floats,
    codes: Ints,
    grid: Floats,
    regular: bool,
    out,
    observed: Floats,
    begin: int,
    end: int,
) -> None:
    """The concentrations (ng/mL) of the persons `begin` to `end`: on the grid of times, and at the recorded observations.

    rows: [rows, ROW] kinetics; starts: [persons + 1] first record of each person; numbers: [records, 4]; codes:
    [records, 5]; grid: [times] ascending, evenly spaced where `regular`; out: [persons, times]; observed: [records].
    At a moment of the grid at which drug arrives, the value is the one after it.
    """
    size = 1
    for person in range(begin, end):
        size = max(size, arrivals_of(rows, numbers, codes, starts[person], starts[person + 1]))
    plan = np.empty((size, 3))
    length = grid.size
    dt = grid[1] - grid[0] if regular else 0.0
    tables = np.empty((13, _BLOCK))
    from_fast, from_slow, from_second, from_first = tables[0], tables[1], tables[2], tables[3]
    flat = out.reshape(-1)
    rates = np.zeros(2)
    # Steps that were taken before, by their length.
    kept, steps, work = np.empty((_KEPT + _POWERS, 9)), np.empty(_KEPT + _POWERS), np.empty((1, 9))

    for person in range(begin, end):
        first, last = starts[person], starts[person + 1]
        row = rows[codes[first, KINETICS]] if last > first else rows[0]
        state = _EMPTY
        rates[:] = 0.0
        steps[:] = -1.0
        # The step that is let go next, and the two that were taken last: most often the same will do again.
        oldest, to_grid, onward = 0, 0, 0
        made, made_inflow = False, False
        now = min(numbers[first, TIME], grid[0] if length else math.inf) if last > first else 0.0
        point = 0
        count, done = 0, 0
        record = first
        while True:
            # What is swallowed now and arrives later changes nothing yet: it is planned, without a step to its moment.
            while (
                record < last
                and codes[record, KIND] == DOSE
                and codes[record, PLACE] == GUT
                and codes[record, STEADY] == 0
                and row[LAG] > 0.0
                and numbers[record, RATE] == 0.0
                and codes[record, KINETICS] == codes[max(record - 1, first), KINETICS]
            ):
                at, amount = numbers[record, TIME] + row[LAG], row[SHARE] * numbers[record, AMOUNT]
                for k in range(1 + codes[record, MORE]):
                    count = _put(plan, count, at + k * numbers[record, INTERVAL], _AMOUNT_GUT, amount)
                record += 1
            # Next: a planned arrival or a record, whichever is earlier; the arrival where both are at once.
            due = plan[done, 0] if done < count else math.inf
            recorded = numbers[record, TIME] if record < last else math.inf
            until = min(due, recorded)
            tolerance = 1e-15 * max(abs(now), abs(until) if until < math.inf else 0.0) * 8.0
            if due <= recorded + tolerance:
                until = due

            # Fill the grid up to there, then jump.
            if point < length and (regular or grid[point] < until):
                if until == math.inf:
                    stop = length
                elif regular:
                    stop = min(length, max(point, math.ceil((until - grid[0]) / dt - 1e-9)))
                else:
                    stop = point
                    while stop < length and grid[stop] < until:
                        stop += 1
                if regular and stop > point:
                    inflow = rates[0] != 0.0 or rates[1] != 0.0
                    if not made or (inflow and not made_inflow):
                        _table(row, dt, tables, inflow, kept, steps)
                        made, made_inflow = True, inflow
                    h = max(grid[0] + point * dt - now, 0.0)
                    at_grid = state
                    if h > 0.0:
                        if not abs(steps[to_grid] - h) <= tolerance:
                            to_grid, oldest = _found(row, h, tolerance, kept, steps, oldest)
                        at_grid = _step(at_grid, kept, to_grid)
                        if inflow:
                            at_grid = _infused(at_grid, row, h, rates[0], rates[1])
                    while point < stop:
                        early, second, fast, slow = at_grid
                        n = min(stop - point, _BLOCK)
                        # Written here: handing seven arrays to a function takes longer than a short segment's values.
                        # Unsigned, because a signed index is tested for being below zero, one value at a time.
                        base = np.uintp((person - begin) * length + point)
                        if early == 0.0:
                            for i in range(np.uintp(n)):
                                flat[base + i] = fast * from_fast[i] + slow * from_slow[i] + second * from_second[i]
                        else:
                            for i in range(np.uintp(n)):
                                flat[base + i] = (
                                    fast * from_fast[i]
                                    + slow * from_slow[i]
                                    + second * from_second[i]
                                    + early * from_first[i]
                                )
                        for side in range(2):
                            if rates[side] != 0.0:
                                rate, given = rates[side], tables[5 - side]
                                for i in range(np.uintp(n)):
                                    flat[base + i] += rate * given[i]
                        point += n
                        if point < stop:
                            at_grid = _step(at_grid, kept, _KEPT + _POWERS - 1)
                            if inflow:
                                at_grid = _infused(at_grid, row, _BLOCK * dt, rates[0], rates[1])
                while point < stop:
                    h = grid[point] - now
                    _propagator(row, h, work, 0)
                    at_grid = _infused(_step(state, work, 0), row, h, rates[0], rates[1])
                    out[person - begin, point] = at_grid[2] + at_grid[3]
                    point += 1
            if until == math.inf:
                break
            h = until - now
            if h > 0.0:
                if not abs(steps[onward] - h) <= tolerance:
                    onward, oldest = _found(row, h, tolerance, kept, steps, oldest)
                state = _step(state, kept, onward)
                if rates[0] != 0.0 or rates[1] != 0.0:
                    state = _infused(state, row, h, rates[0], rates[1])
            now = until

            if done < count and due <= recorded + tolerance:
                kind, value = int(plan[done, 1]), plan[done, 2]
                done += 1
                if kind == _AMOUNT_GUT:
                    state = _given(state, row, GUT, value)
                elif kind == _AMOUNT_CENTRAL:
                    state = _given(state, row, CENTRAL, value)
                else:
                    side = 0 if kind == _RATE_GUT else 1
                    rates[side] += value
                    # An inflow that has ended is none at all, whatever rounding left of it.
                    running = False
                    for k in range(done, count):
                        running = running or (plan[k, 1] == kind and plan[k, 2] < 0.0)
                    if not running:
                        rates[side] = 0.0
                continue

            kind = codes[record, KIND]
            new = rows[codes[record, KINETICS]]
            if codes[record, KINETICS] != codes[max(record - 1, first), KINETICS]:
                state = _rebased(state, row, new)
                row = new
                steps[:] = -1.0
                made, made_inflow = False, False
            if kind == OBSERVE:
                observed[record] = state[2] + state[3]
            if kind in (RESET, RESET_DOSE):
                state = _EMPTY
                rates[:] = 0.0
                count = done = 0
            if kind in (DOSE, RESET_DOSE):
                place = codes[record, PLACE]
                amount, rate, interval = numbers[record, AMOUNT], numbers[record, RATE], numbers[record, INTERVAL]
                gut = place == GUT
                if gut:
                    amount *= row[SHARE]
                lag = row[LAG] if gut else 0.0
                if codes[record, STEADY] == 1:
                    state = _EMPTY
                    rates[:] = 0.0
                    count = 0
                if codes[record, STEADY] > 0:
                    state, count = _steady(state, rates, row, gut, amount, rate, lag, interval, now, plan, count, work)
                for k in range(1 + codes[record, MORE]):
                    at = now + lag + k * interval
                    if at == now and rate == 0.0:
                        state = _given(state, row, place, amount)
                    else:
                        count = _give(plan, count, gut, at, amount, rate)
            record += 1
