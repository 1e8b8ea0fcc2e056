"""Orders of oral baclofen over time: every form that begins one, every form that ends one, and what is taken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from msgspec import Struct

from eutonia.chart import event as e
from eutonia.chart.orders import Regimen, read_regimen
from eutonia.knowledge.drugs import Ingredient, recognise
from eutonia.quantity import Quantity, QuantityError

_SKIN = re.compile(r"\b(?:cream|gel|ointment|topical|transdermal|through the skin|patch|lotion)\b", re.IGNORECASE)
# Gablofen is sold for the spine only, and only solutions for the spine are labelled per mL in mcg.  A feeding or syringe
# pump gives drug through a tube into the stomach.
_SPINE = re.compile(
    r"\b(?:intra-?the[ck]al\w*|intrat[eé][ck]al\w*|intrath[eé]cale?|intraspinal|gablofen|itb)\b"
    r"|[0-9]\s*(?:mcg|ug|[\u00b5\u03bc]g|micrograms?)\s*/\s*ml\b"
    r"|(?<!feeding )(?<!enteral )(?<!syringe )(?<!stomach )\bpumpe?\b",
    re.IGNORECASE,
)


class Drug(Struct, frozen=True, dict=True):
    """A drug on the list: the line it stands on and what was recognised in it."""

    text: str
    at: datetime
    ingredients: tuple[Ingredient, ...]
    unrecognised: tuple[str, ...]

    @property
    def through_skin(self) -> bool:
        """Whether it is put on the skin, by the words of its line."""
        return bool(_SKIN.search(self.text))

    @property
    def intrathecal(self) -> bool:
        """Whether it is a product for the spine or its pump, by the words of its line; a readable oral regimen is not."""
        return bool(_SPINE.search(self.text)) and oral_regimen(self) is None

    @property
    def oral_baclofen(self) -> bool:
        """Whether it is baclofen that is neither put on the skin nor delivered into the spine."""
        return self.belongs("baclofen") and not self.through_skin and not self.intrathecal

    def belongs(self, tag: str) -> bool:
        """Whether one of its ingredients belongs to this class."""
        return tag in self._classes

    @cached_property
    def _classes(self) -> frozenset[str]:
        return frozenset(tag for each in self.ingredients for tag in each.classes)


class OralUse(Struct, frozen=True):
    """Oral baclofen now: every active order, its daily dose, and since when it has been taken without a break."""

    regimens: tuple[Regimen, ...]
    since: datetime
    changed: datetime

    @property
    def daily_mg(self) -> Quantity:
        """The most that may be taken by mouth in a day, as-needed doses at their maximum: what limits are held against."""
        return self._sum(tuple(regimen.daily for regimen in self.regimens))

    @property
    def scheduled_mg(self) -> Quantity:
        """What is taken by mouth every day, without as-needed doses: what a taper or a titration starts from."""
        return self._sum(tuple(regimen.scheduled for regimen in self.regimens))

    def _sum(self, doses: tuple[Quantity, ...]) -> Quantity:
        return Quantity(sum((dose.value for dose in doses), Decimal(0)), self.regimens[0].daily.unit)

    @property
    def liquid(self) -> Quantity | None:
        """The concentration of the liquid that is taken; none where only tablets are."""
        return next((regimen.liquid for regimen in self.regimens if regimen.liquid is not None), None)

    @property
    def written(self) -> str:
        """All orders in the chart's words."""
        return " + ".join(regimen.written for regimen in self.regimens)


class OralChange(Struct, frozen=True):
    """A change of the oral orders: what is taken daily from then on, and the most with as-needed doses, in mg."""

    at: datetime
    scheduled_mg: Decimal
    most_mg: Decimal


class _Order(Struct, frozen=True):
    at: datetime
    drug: Drug | None
    regimen: Regimen | None


class OralOrders(Struct, frozen=True, dict=True):
    """The orders that are active after one event about oral baclofen."""

    event: e.Event
    orders: tuple[_Order, ...]
    since: datetime | None

    @property
    def unread(self) -> str | None:
        """The line of an active order whose dose could not be read."""
        return next(
            (order.drug.text for order in self.orders if order.regimen is None and order.drug is not None), None
        )

    @property
    def regimens(self) -> tuple[Regimen, ...]:
        """The active regimens that could be read."""
        return tuple(order.regimen for order in self.orders if order.regimen is not None)

    @property
    def change(self) -> OralChange:
        """The daily doses from this event on; an order that cannot be read counts as none."""
        scheduled = sum((regimen.scheduled.value for regimen in self.regimens), Decimal(0))
        most = sum((regimen.daily.value for regimen in self.regimens), Decimal(0))
        return OralChange(self.event.at, scheduled, most)


def drug_of(event: e.Event) -> Drug:
    """Return what a line of the medication list names."""
    assert isinstance(event.what, e.Medication)
    text = recognise(event.what.text)
    return Drug(event.what.text, event.at, text.ingredients, text.unrecognised)


def follow(events: Iterable[e.Event]) -> Iterator[OralOrders]:
    """Yield the active orders after each event about oral baclofen, oldest first.

    `oral ...` replaces the order of an earlier `oral` line; a line of the medication list is an order beside it.
    `oral stop` and a stop of baclofen on the list end every order, whichever form began it; a stop that names one order
    with its dose ends that order only.
    """
    orders: dict[str, _Order] = {}
    since: datetime | None = None
    for event in events:
        if isinstance(event.what, e.Oral):
            if event.what.regimen is None:
                orders = {}
            else:
                orders = {**orders, "oral": _Order(event.at, None, event.what.regimen)}
        elif isinstance(event.what, e.Medication):
            drug = drug_of(event)
            if not drug.oral_baclofen:
                continue
            key = f"list {drug.text.lower()}"
            if not event.what.stopped:
                orders = {**orders, key: _Order(event.at, drug, oral_regimen(drug))}
            else:
                orders = _without(orders, key, oral_regimen(drug))
        else:
            continue
        since = (since or event.at) if orders else None
        yield OralOrders(event, tuple(orders.values()), since)


def _without(orders: dict[str, _Order], key: str, regimen: Regimen | None) -> dict[str, _Order]:
    """The orders that go on after a stop on the medication list."""
    # 'stop Lioresal 10 mg' names the order 'Lioresal 10 mg at bedtime'; 'stop Lioresal' names no dose, and so the drug.
    dose = any(character.isdigit() for character in key)
    named = [each for each in orders if each == key or (dose and each.startswith(f"{key} "))]
    if not named and regimen is not None:
        named = [each for each, order in orders.items() if order.regimen is not None and order.regimen == regimen]
    # A stop whose dose stands on no order still says that the drug was stopped.
    return {each: order for each, order in orders.items() if each not in named} if named else {}


_FORM = re.compile(r"(?:tablets?|capsules?|oral|by mouth|solution|suspension|liquid|syrup|\s)*", re.IGNORECASE)


def oral_regimen(drug: Drug) -> Regimen | None:
    """The regimen on a drug line, read wholly: one name, perhaps its form, then doses and times; none where it is not."""
    found = re.match(r"(?P<name>[^\W\d]+)(?P<form>\D*)(?P<sig>\d.*)", drug.text.strip())
    if found is None or len(drug.ingredients) != 1 or not _FORM.fullmatch(found["form"]):
        return None
    try:
        return read_regimen(found["sig"])
    except QuantityError:
        return None
