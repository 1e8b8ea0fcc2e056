"""What holds for every text of a medication list."""

from __future__ import annotations

import csv
import string
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eutonia.knowledge import drugs
from eutonia.knowledge.drugs import recognise

ROWS = list(
    csv.DictReader(
        (
            line
            for line in Path(drugs.__file__).with_name("drugs.tsv").read_text("utf-8").splitlines()
            if not line.startswith("#")
        ),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
)
SPELLINGS = [
    each for row in ROWS for each in (row["ingredient"], *row["also"].split(";"), *row["brands"].split(";")) if each
]
ASCII = [each for each in SPELLINGS if each.isascii()]

spelling = st.sampled_from(SPELLINGS)
strength = st.sampled_from(
    ["", " 250 mg", " 0.5 MG/ML Oral Solution", " 1,000 mcg twice a day", " Filmtabletten", " 12.5mg/5ml"]
)

# A word that stands nowhere: no drug, salt or direction has a q before a letter that is not u, or a doubled x.
unknown = st.tuples(
    st.text(string.ascii_lowercase, min_size=1, max_size=8),
    st.sampled_from(["qz", "xxv", "wqj"]),
    st.text("aeiorst", max_size=4),
).map("".join)


def names(text: str) -> set[str]:
    return {each.name for each in recognise(text).ingredients}


@given(st.text(max_size=80))
def test_no_text_disappears(text: str) -> None:
    found = recognise(text)
    assert found.ingredients or found.unrecognised == (text,)
    assert all(over in text for over in found.unrecognised)


@given(unknown, strength)
def test_an_invented_name_is_not_recognised(name: str, how: str) -> None:
    text = name + how
    assert recognise(text) == drugs.Recognised((), (text,))


@pytest.mark.hazard("H22")
@given(
    st.lists(spelling, min_size=1, max_size=3),
    unknown,
    st.sampled_from([" / ", "/", " + ", ", ", "; ", " and ", " with ", " plus ", " ", "\n"]),
    strength,
    st.data(),
)
def test_an_unknown_part_of_a_combination_never_disappears(
    known: list[str], strange: str, between: str, how: str, data: st.DataObject
) -> None:
    parts = [each + how for each in known]
    parts.insert(data.draw(st.integers(0, len(parts))), strange + how)
    over = recognise(between.join(parts)).unrecognised
    assert any(strange in each for each in over)


@given(st.lists(spelling, min_size=1, max_size=4), st.sampled_from([" / ", " + ", "; ", " [", "\n"]), strength)
def test_every_part_of_a_combination_is_found(known: list[str], between: str, how: str) -> None:
    assume("aspirin" not in " ".join(known).lower())  # its strength counts
    found = names(between.join(each + how for each in known))
    assert set().union(*(names(each) for each in known)) <= found


@given(spelling, strength)
def test_a_strength_or_a_form_changes_nothing(name: str, how: str) -> None:
    found = recognise(name + how)
    assert found.ingredients == recognise(name).ingredients
    assert found.unrecognised == ()


@given(spelling, st.data())
def test_capitals_accents_and_invisible_characters_do_not_matter(name: str, data: st.DataObject) -> None:
    written = "".join(
        (each.upper() if data.draw(st.booleans()) else each.lower())
        + (
            data.draw(st.sampled_from(["", "", "\u0301", "\u0308", "\u200b", "\u00ad", "\ufeff"]))
            if each.isalpha()
            else ""
        )
        for each in name
    )
    assert recognise(written).ingredients == recognise(name).ingredients
    assert recognise(written).unrecognised == ()


# Letters right behind a number are a unit or a direction (118bd), so only names that end in a letter are lengthened.
@given(
    st.sampled_from([each for each in ASCII if each[-1].isalpha()]), st.text("bcdfgjkmpqvxz", min_size=2, max_size=5)
)
def test_a_name_that_only_begins_or_ends_like_a_drug_is_not_that_drug(name: str, more: str) -> None:
    for text in (name + more, more + name):
        words = {each for each in SPELLINGS if each.lower() == text.lower()}
        assume(not words)
        found = recognise(text)
        assert found.unrecognised
        assert any(more in over for over in found.unrecognised)


@given(st.sampled_from([each for each in ASCII if each.isalpha() and len(each) > 4]), st.data())
def test_a_beginning_of_a_name_is_a_name_only_if_the_table_says_so(name: str, data: st.DataObject) -> None:
    cut = name[: data.draw(st.integers(2, len(name) - 1))]
    spelled = {each.lower() for each in SPELLINGS}
    assert bool(recognise(cut).ingredients) == (cut.lower() in spelled)


@given(st.sampled_from(ASCII), st.sampled_from(["nor", "apo", "desmethyl", "qzx"]))
def test_a_prefix_with_a_hyphen_makes_another_substance(name: str, prefix: str) -> None:
    text = f"{prefix}-{name}"
    assume(text.lower() not in {each.lower() for each in SPELLINGS})
    over = recognise(text).unrecognised
    assert over
    assert prefix in over[0]


@given(
    st.sampled_from(["no", "denies", "stopped", "without", "not taking"]),
    st.sampled_from([e for e in ASCII if e.isalpha()]),
)
def test_what_is_denied_is_not_taken(denial: str, name: str) -> None:
    text = f"{denial} {name}"
    assert recognise(text) == drugs.Recognised((), (text,))
