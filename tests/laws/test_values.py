"""A value is frozen: what changes is written as what happened, and the state is worked out from it."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from msgspec import Struct

import eutonia

# What is being worked out, inside one function, and never handed on.
CHANGING = {"Line", "_Fold"}

MODULES = [
    each.name
    for each in pkgutil.walk_packages(eutonia.__path__, "eutonia.")
    if not each.name.endswith(("__main__", "migrations.env"))
]


@pytest.mark.parametrize("name", MODULES)
def test_every_value_is_frozen(name: str) -> None:
    module = importlib.import_module(name)
    records = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Struct)]
    for record in records:
        if record is not Struct and record.__name__ not in CHANGING:
            assert record.__struct_config__.frozen, record
