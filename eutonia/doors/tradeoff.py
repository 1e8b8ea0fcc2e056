"""What the options of a kind would bring and cost, as a drawing: each chance on the same scale, an option a line."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from eutonia.doors import own

LEFT: Final = 62.0
RIGHT: Final = 208.0
HEAD: Final = 14.0
LANE: Final = 12.0
GAP: Final = 12.0
LEGEND: Final = "Each line runs from nobody to everybody; the options have the numbers of the table."


class Lane(NamedTuple):
    """One option on one scale: its number, where its dot is (None where nothing is known), and what stands beside it."""

    name: str
    x: float | None
    y: float
    says: str


class Scale(NamedTuple):
    """One thing that is weighed, and where on the drawing it begins."""

    title: str
    y: float
    lanes: tuple[Lane, ...]


class Tradeoff(NamedTuple):
    """The scales of one kind of plan, below each other; from which x to which each runs."""

    kind: str
    left: float
    right: float
    height: float
    scales: tuple[Scale, ...]
    says: str


def tradeoffs(found: dict[str, Any]) -> list[Tradeoff]:
    """One drawing for each table of `own.ordered`, in their order."""
    return [_drawn(each) for each in found["order"]]


def _drawn(order: dict[str, Any]) -> Tradeoff:
    scales, y = [], 0.0
    for title, name in own.known_chances(order["places"]):
        lanes = []
        for n, place in enumerate(order["places"]):
            share = place[name]
            x = None if share is None else round(LEFT + (RIGHT - LEFT) * share, 2)
            lanes.append(Lane(f"option {n + 1}", x, y + HEAD + LANE * (n + 0.5), own.percent(share)))
        scales.append(Scale(f"{title[0].upper()}{title[1:]}", y, tuple(lanes)))
        y += HEAD + LANE * len(lanes) + GAP
    says = "; ".join(
        f"{scale.title}: {', '.join(f'{lane.name} {lane.says}' for lane in scale.lanes)}" for scale in scales
    )
    return Tradeoff(order["kind"], LEFT, RIGHT, y, tuple(scales), says)
