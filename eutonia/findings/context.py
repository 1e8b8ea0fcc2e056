"""Which therapy the chart is about: by mouth, in the spine, or both."""

from __future__ import annotations

from eutonia.chart import event as e
from eutonia.chart.facts import Facts
from eutonia.evidence import Known
from eutonia.findings.failures import oral_baclofen_failed

_SPINE = ("trial", "start pump", "adjust up", "adjust down", "adjust to", "refill", "strength", "holiday", "restart")


def intrathecal(facts: Facts) -> bool:
    """Whether drug goes into the spine, has gone, or is asked for."""
    return bool(facts.of(e.Implant, e.Trial)) or any(r.kind in _SPINE for _, r in facts.requests)


def spine_considered(facts: Facts) -> bool:
    """Whether the intrathecal route has begun, is asked for, or comes next because baclofen by mouth failed."""
    return intrathecal(facts) or oral_baclofen_failed(facts, "no effect", "intolerable")


def pumped(facts: Facts) -> bool:
    """Whether a pump is implanted."""
    return bool(facts.of(e.Implant))


def oral(facts: Facts) -> bool:
    """Whether drug is taken by mouth, or asked for; the natural route where neither route has begun."""
    return taking(facts) or asked(facts) or not intrathecal(facts)


def asked(facts: Facts) -> bool:
    """Whether a plan by mouth is asked for."""
    return any("oral" in request.kind for _, request in facts.requests)


def taking(facts: Facts) -> bool:
    """Whether baclofen is taken now by mouth."""
    return not isinstance(facts.oral, Known) or facts.oral.value is not None
