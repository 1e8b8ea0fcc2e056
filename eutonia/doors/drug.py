"""The drug in brief: what it is, how it comes and goes, what varies, what it does to people; every number with its source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from eutonia.doors.story import shown, wrapped
from eutonia.knowledge import Book, Entry
from eutonia.quantity import plain

Line = dict[str, Any]


def brief(book: Book) -> list[dict[str, Any]]:
    """The sections, each with its `title` and its `lines`: `says`, the `entries` it is made of, their `sources`, the
    `facts` of the monograph that it tells, and the `conflicts` of its sources."""
    return [{"title": title, "lines": list(lines(_Teller(book)))} for title, lines in _SECTIONS]


class _Teller:
    """Puts numbers of the knowledge into sentences, and remembers which ones a sentence is made of."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._used: dict[str, Entry] = {}

    def one(self, name: str) -> str:
        """A single value, as it is printed."""
        self._note(name)
        return shown(self.book.text(name))

    def span(self, name: str) -> str:
        """A range, its unit once: '2 to 3 h'."""
        self._note(name)
        low, high = self.book.span(name)
        return f"{plain(low.value) if low.unit == high.unit else plain(low)} to {plain(high)}"

    def each(self, name: str) -> str:
        """A list, its values with commas."""
        self._note(name)
        return shown(self.book.words(name))

    def says(self, name: str) -> str:
        """What an entry says about its value."""
        return self._note(name).says

    def more(self, name: str, key: str) -> str:
        """Something further that stands with a value: the spread between people, a definition."""
        return shown(self._note(name).more[key])

    def by(self, name: str, *further: str) -> str:
        """Who says it, in brackets, and how weakly where it is weak: '(monograph)', '(MIMS, restated)'."""
        entry = self._note(name)
        who = "monograph" if entry.tag == "monograph" else entry.source[0].partition(" (")[0].partition(", ")[0]
        weak = () if entry.tag in ("monograph", "read", "assumption") else (entry.tag,)
        return f"({', '.join((who, *weak, *further))})"

    def line(self, text: str) -> Line:
        """The sentence with what it rests on; where sources disagree, it says so itself."""
        used, self._used = self._used, {}
        at_odds = list(dict.fromkeys(entry.conflict for entry in used.values() if entry.conflict))
        says = f"{text}: sources disagree, {' and '.join(at_odds)}." if at_odds else f"{text}."
        return {
            "says": says[0].upper() + says[1:],
            "entries": list(used),
            "sources": list(dict.fromkeys(source for entry in used.values() for source in entry.source)),
            "facts": list(dict.fromkeys(fact for entry in used.values() for fact in entry.facts)),
            "conflicts": at_odds,
        }

    def _note(self, name: str) -> Entry:
        return self._used.setdefault(name, self.book.entry(name))


def _acts(t: _Teller) -> Iterator[Line]:
    yield t.line(f"{t.one('drug.history')} {t.by('drug.history')}; {t.says('drug.history')}")
    yield t.line(f"It acts on the {t.one('effect.receptor')}: {t.says('effect.receptor')}")
    yield t.line(f"{t.says('effect.mechanism')}: {t.each('effect.mechanism')} {t.by('effect.mechanism')}")
    yield t.line(
        f"It has an {t.one('effect.calcium_channels')} {t.by('effect.calcium_channels')}; {t.says('effect.calcium_channels')}"
    )
    yield t.line(
        f"A bolus in the spine begins to act after {t.span('effect.bolus_onset')}, most at {t.one('effect.bolus_peak')}, for "
        f"{t.span('effect.bolus_lasts')}; an infusion after {t.span('effect.infusion_onset')}, most at "
        f"{t.span('effect.infusion_peak')} {t.by('effect.infusion_peak')}"
    )
    yield t.line(f"ATC code {t.one('drug.atc')}; RxNorm {t.one('drug.rxnorm')}")


def _absorption(t: _Teller) -> Iterator[Line]:
    name = "plasma.bioavailability"
    yield t.line(
        f"{t.span(name)} of a swallowed dose reaches the blood, fast {t.by(name)}; {t.one('plasma.bioavailability_measured')} measured "
        f"{t.by('plasma.bioavailability_measured')}; {t.span('plasma.bioavailability_compendium')} "
        f"{t.by('plasma.bioavailability_compendium')}; {t.one('plasma.absorption')} {t.by('plasma.absorption')}"
    )
    yield t.line(
        f"Peak {t.span('plasma.peak_time')} after a dose by mouth {t.by('plasma.peak_time')}; {t.span('plasma.peak_time_ch')} "
        f"{t.by('plasma.peak_time_ch')}; {t.one('plasma.peak_time_solution')} after solution {t.by('plasma.peak_time_solution')}; "
        f"{t.span('plasma.peak_time_compendium')} {t.by('plasma.peak_time_compendium')}"
    )
    yield t.line(
        f"With a growing dose the share absorbed is {t.one('plasma.linearity_monograph')} {t.by('plasma.linearity_monograph')}, "
        f"{t.one('plasma.linearity_us')} {t.by('plasma.linearity_us')}; {t.one('plasma.linearity')} is taken here: {t.says('plasma.auc')} "
        f"({t.each('plasma.auc')}) {t.by('plasma.auc')}, and linear up to {t.one('plasma.linear_to')} {t.by('plasma.linear_to')}"
    )
    yield t.line(f"Food: {t.one('plasma.food')} {t.by('plasma.food')}; by the rectum: {t.one('plasma.rectal')}")
    yield t.line(f"Into the spinal fluid: {t.one('plasma.csf_ratio')} of the plasma level {t.by('plasma.csf_ratio')}")
    yield t.line(f"By mouth and in the spine: {t.says('conversion.oral_intrathecal')}")


def _elimination(t: _Teller) -> Iterator[Line]:
    yield t.line(
        f"Half-life {t.span('plasma.half_life')} {t.by('plasma.half_life')}; {t.span('plasma.half_life_most_studies')} in most studies; "
        f"{t.span('plasma.half_life_ch')} {t.by('plasma.half_life_ch')}; {t.one('plasma.half_life_wuis')} "
        f"{t.by('plasma.half_life_wuis')}; {t.one('plasma.simon2018.half_life')} {t.by('plasma.simon2018.half_life')}; children "
        f"{t.one('plasma.he2014.half_life')} {t.by('plasma.he2014.half_life')}; {t.span('plasma.half_life_overdose')} after an overdose "
        f"{t.by('plasma.half_life_overdose')}; {t.one('plasma.half_life_anuria')} without kidneys {t.by('plasma.half_life_anuria')}"
    )
    yield t.line(f"So the day is split into {t.each('oral.times_a_day').replace(', ', ' or ')} doses")
    yield t.line(
        f"{t.one('kidney.renal_share')} leaves unchanged by the kidney {t.by('kidney.renal_share')}; {t.one('plasma.renal_72h')} "
        f"{t.says('plasma.renal_72h')} {t.by('plasma.renal_72h')}; {t.one('plasma.clearance_renal_share')} of clearance {t.by('plasma.clearance_renal_share')}; "
        f"{t.one('plasma.metabolised')} is metabolised {t.by('plasma.metabolised')}"
    )
    yield t.line(
        f"Renal clearance {t.one('plasma.renal_clearance')} {t.by('plasma.renal_clearance')}; haemodialysis clears "
        f"{t.one('plasma.dialysis_clearance')} {t.by('plasma.dialysis_clearance')}"
    )
    yield t.line(f"Liver: {t.one('liver.reason_in_favour')} {t.by('liver.reason_in_favour')}")


def _varies(t: _Teller) -> Iterator[Line]:
    yield t.line(f"{t.says('plasma.variability')} {t.by('plasma.variability')}")
    models = [
        f"{t.one(name)} {t.by(name, t.more(name, 'n') + ' people', t.more(name, 'iiv') + ' between them')}"
        for name in ("plasma.simon2018.cl_f", "plasma.chevillard2018.cl_f", "plasma.he2014.cl_f")
    ]
    yield t.line(
        f"Clearance by mouth: {', '.join(models)}, {t.one('plasma.kochak1985.cl_f')} {t.by('plasma.kochak1985.cl_f')}; between studies "
        f"{t.one('plasma.cl_f_between_studies')} (SD)"
    )
    yield t.line(
        f"Older adults against young ones: {t.one('plasma.elderly')} {t.by('plasma.elderly')}; at high doses: "
        f"{t.one('plasma.high_dose')} {t.by('plasma.high_dose')}"
    )
    yield t.line(f"{t.says('maintenance.spread')}: {t.each('maintenance.spread').replace(', ', ' to ')}")


def _tolerance(t: _Teller) -> Iterator[Line]:
    yield t.line(
        f"{t.one('tolerance.expected')} {t.by('tolerance.expected')}: {t.says('tolerance.expected')}; the dose rises for "
        f"{t.one('tolerance.rise_months_spinal')} {t.by('tolerance.rise_months_spinal')} to {t.one('tolerance.rise_months')} "
        f"{t.by('tolerance.rise_months')}"
    )
    means = [
        f"{t.one(name)} {t.by(name, t.says(name))}"
        for name in ("maintenance.month_0", "maintenance.month_12", "maintenance.month_18")
    ]
    yield t.line(f"Mean dose: {'; '.join(means)}")
    shares = [
        f"{t.one(name)} {t.by(name, 'definition: ' + t.more(name, 'definition'))}"
        for name in ("tolerance.groningen", "tolerance.above_1000", "tolerance.decline", "tolerance.resed")
    ]
    yield t.line(
        f"Stop responding to rises: up to {t.one('resistance.share')} {t.by('resistance.share')}; by other definitions {'; '.join(shares)}"
    )
    yield t.line(f"{t.says('tolerance.mistaken')}: {t.one('tolerance.mistaken')} {t.by('tolerance.mistaken')}")


def _adverse(t: _Teller) -> Iterator[Line]:
    effects = [entry for entry in t.book.under("adverse.") if "system" in entry.more]
    for system in t.book.words("organ.systems"):
        t.says("organ.systems")
        told = []
        for frequency in dict.fromkeys(entry.more["frequency"] for entry in effects):
            names = [
                _effect(entry, t)
                for entry in effects
                if (entry.more["system"], entry.more["frequency"]) == (system, frequency)
            ]
            told += [f"{frequency} {', '.join(names)}"] if names else []
        yield t.line(f"{system}: {'; '.join(told) or 'none listed'}")
    yield t.line(f"Shares are those by mouth in the US label; of vertigo, {t.says('adverse.vertigo')}")


def _effect(entry: Entry, t: _Teller) -> str:
    notes = [entry.more["oral_percent"].replace("-", " to ").replace(" %", "%")] if "oral_percent" in entry.more else []
    notes += ["escalate"] if entry.more.get("serious") else []
    return t.one(entry.name) + (f" ({', '.join(notes)})" if notes else "")


_SECTIONS: Final[tuple[tuple[str, Callable[[_Teller], Iterator[Line]]], ...]] = (
    ("What it is and how it acts", _acts),
    ("Absorption", _absorption),
    ("Elimination", _elimination),
    ("What varies", _varies),
    ("Tolerance", _tolerance),
    ("Adverse effects by organ system", _adverse),
)


def told_brief(sections: Sequence[dict[str, Any]], width: int, title: str) -> str:
    """The sections as text for a terminal of this width."""
    lines = [title]
    for section in sections:
        lines += ["", section["title"]]
        lines += [wrapped(line["says"], width, "  - ") for line in section["lines"]]
    lines += ["", wrapped("Each number has its story: 'eutonia why plasma.peak_time', 'eutonia why C-02'.", width)]
    return "\n".join(lines)
