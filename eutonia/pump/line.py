"""The tubing and the catheter: drug moves through them as a plug, so a change at the pump reaches the tip later."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from msgspec import Struct, field

from eutonia.quantity import Quantity


class Line(Struct):
    """What stands in the line, from the pump to the tip: plugs of (mL, mcg/mL), the one at the tip first."""

    plugs: deque[tuple[float, float]] = field(default_factory=deque)

    @classmethod
    def unfilled(cls, volume_ml: float) -> Line:
        """A new line: no drug in it yet."""
        return cls(deque([(volume_ml, 0.0)]))

    @property
    def drug_mcg(self) -> float:
        """Drug that stands in the line."""
        return sum(volume * strength for volume, strength in self.plugs)

    def push(self, volume_ml: float, strength_mcg_ml: float) -> float:
        """Moves `volume_ml` from the pump into the line; gives back the drug in mcg that leaves at the tip."""
        if volume_ml <= 0.0:
            return 0.0
        if self.plugs and self.plugs[-1][1] == strength_mcg_ml:
            volume, strength = self.plugs.pop()
            self.plugs.append((volume + volume_ml, strength))
        else:
            self.plugs.append((volume_ml, strength_mcg_ml))
        left, out = volume_ml, 0.0
        while left > 0.0:
            volume, strength = self.plugs.popleft()
            moved = min(volume, left)
            out += moved * strength
            left -= moved
            if volume > moved:
                self.plugs.appendleft((volume - moved, strength))
        return out

    def cut(self, volume_ml: float) -> float:
        """Take `volume_ml` away at the pump's end, as when its tubing is exchanged; return the drug in it, mcg."""
        left, out = volume_ml, 0.0
        while left > 0.0 and self.plugs:
            volume, strength = self.plugs.pop()
            taken = min(volume, left)
            out += taken * strength
            left -= taken
            if volume > taken:
                self.plugs.append((volume - taken, strength))
        return out


class BridgeBolus(Struct, frozen=True):
    """The bolus that clears old drug from the line at the old daily dose after a change of strength."""

    dose: Quantity
    hours: Decimal
    rate_ml_day: Decimal


def bridge(line: Quantity, old_strength: Quantity, old_daily: Quantity) -> BridgeBolus:
    """The bridge bolus: until the line has been swept, the patient still receives the old strength.

    >>> found = bridge(Quantity.read("0.25 mL"), Quantity.read("500 mcg/mL"), Quantity.read("250 mcg/day"))
    >>> found.dose, found.hours
    (Quantity('125 mcg'), Decimal('12'))
    """
    dose = line.to("mL") * old_strength.to("mcg/mL")
    daily = old_daily.to("mcg/day")
    hours = dose * 24 / daily
    rate = daily / old_strength.to("mcg/mL")
    return BridgeBolus(Quantity.of(dose.normalize() + 0, "mcg"), hours.normalize() + 0, rate)


def missed_bridge(
    line: Quantity, old_strength: Quantity, new_strength: Quantity, daily: Quantity
) -> tuple[Decimal, Decimal]:
    """What the patient gets if the bridge is left out: (mcg/day, hours)."""
    old, new, dose = old_strength.to("mcg/mL"), new_strength.to("mcg/mL"), daily.to("mcg/day")
    return dose * old / new, line.to("mL") * new * 24 / dose


def mixed(left: Quantity, old_strength: Quantity, added: Quantity, new_strength: Quantity) -> Quantity:
    """The strength of a mixture, by volume.

    >>> mixed(*map(Quantity.read, ("1 mL", "500 mcg/mL", "4 mL", "2000 mcg/mL")))
    Quantity('1,700 mcg/mL')
    """
    volume = left.to("mL") + added.to("mL")
    drug = left.to("mL") * old_strength.to("mcg/mL") + added.to("mL") * new_strength.to("mcg/mL")
    return Quantity.of(drug / volume, "mcg/mL")
