"""Two people and the rules: what was seen at the first entry, what is said is what happened, strikes and reviews by two."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from eutonia.clinic import Drafts, Member, Objection, Reviews, Staff
from eutonia.clinic.objections import arisen, checked_reason, kept
from eutonia.ledger import Conflict, Ledger, LedgerError
from eutonia.ledger.tables import url_of
from tests.clinic.test_clinic import CHART, REFILL, clock, held, ledger, staff, two  # noqa: F401
from tests.ledger.conftest import server, where  # noqa: F401

# Fixtures of another file are arguments of the same name here.
# ruff: noqa: F811

WHY = "ordered by telephone at night"
CHECKED = "2026-03-10 09:40 refill 18 mL of 500 mcg/mL; product 500 mcg/mL; checked by N. Dale"
KIDNEY = Objection("kidney", "eGFR 12: no start.", ("ADM-04",))
ALLERGY = Objection("hypersensitivity", "Allergy to baclofen (anaphylaxis).", (), of_entry=False)


def begun(ledger: Ledger, held, by: Member, **more):
    return Drafts(ledger).begin(held.id, REFILL, (), saw=held.head, by=by, **more)


def stands(ledger: Ledger, held, text: str) -> bool:
    return any(text in record.content for record in ledger.standing(held.id))


# -- withdrawing and entering at once ----------------------------------------------------------------------------------


@pytest.mark.hazard("H75")
@pytest.mark.parametrize("nth", range(6))
@pytest.mark.parametrize("kind", ["adding", "looking"])
def test_a_withdrawal_between_two_transactions_of_an_entry_is_true(ledger, held, two, monkeypatch, nth, kind):
    """It used to fail between 'writing' and the append: the event was on the chart, and both were told it was withdrawn."""
    draft = begun(ledger, held, two[0])
    real, count, answers = getattr(ledger, kind), [0], list[str]()

    @contextmanager
    def interrupted() -> Iterator[object]:
        count[0] += 1
        if count[0] == nth + 1:
            with monkeypatch.context() as patch:
                patch.setattr(ledger, kind, real)
                try:
                    answers.append(Drafts(ledger).withdraw(draft.id, two[0]).state)
                except LedgerError:
                    answers.append("refused")
        with real() as connection:
            yield connection

    with monkeypatch.context() as patch:
        patch.setattr(ledger, kind, interrupted)
        try:
            entered = Drafts(ledger).enter(draft.id, REFILL, saw=held.head, by=two[1], first="N. Dale", arisen=())
            answers.append(entered.state)
        except LedgerError:
            answers.append("refused")
    state = Drafts(ledger).draft(draft.id).state
    assert stands(ledger, held, "08:50 refill") == (state == "entered"), answers
    assert state not in ("entered", "withdrawn") or state in answers
    assert not (state == "entered" and "withdrawn" in answers)


def test_of_withdrawals_and_entries_at_once_what_is_said_is_what_happened(where, clock, two, ledger, held):
    chance = random.Random(4)
    for n in range(12):
        line = f"2026-05-02 08:{n + 10} program continuous {150 + n} mcg/day"
        seen = ledger.held(held.id)
        draft = Drafts(ledger).begin(held.id, line, (), saw=seen.head, by=two[0])
        barrier, answers = threading.Barrier(2), dict[str, str]()

        def act(name: str, wait: float, draft=draft, seen=seen, line=line, barrier=barrier, answers=answers) -> None:
            with Ledger(where, clock=clock) as mine:
                barrier.wait()
                time.sleep(wait)
                try:
                    done = (
                        Drafts(mine).withdraw(draft.id, two[0])
                        if name == "withdraw"
                        else Drafts(mine).enter(draft.id, line, saw=seen.head, by=two[1], first="N. Dale", arisen=())
                    )
                    answers[name] = done.state
                except LedgerError:
                    answers[name] = "refused"

        threads = [threading.Thread(target=act, args=(each, chance.uniform(0, 0.02))) for each in ("withdraw", "enter")]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        on_chart = stands(ledger, held, line)
        expected = ("refused", "entered") if on_chart else ("withdrawn", "refused")
        assert (answers["withdraw"], answers["enter"]) == expected


def test_an_entry_that_fails_halfway_leaves_nothing_behind(ledger, held, two, monkeypatch):
    draft = begun(ledger, held, two[0])
    monkeypatch.setattr(Drafts, "_become", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Drafts(ledger).enter(draft.id, REFILL, saw=held.head, by=two[1], first="N. Dale", arisen=())
    monkeypatch.undo()
    assert ledger.held(held.id) == held
    assert Drafts(ledger).draft(draft.id) == draft
    assert Drafts(ledger).withdraw(draft.id, two[0]).state == "withdrawn"


# -- what the rules hold against an entry ------------------------------------------------------------------------------


@pytest.mark.hazard("H75")
def test_what_the_rules_held_against_an_entry_is_kept_and_must_be_confirmed(ledger, held, two):
    draft = begun(ledger, held, two[0], against=(KIDNEY,), reason=WHY)
    again = Drafts(ledger).draft(draft.id)
    assert [(each.rule, each.digest) for each in again.against] == [("kidney", KIDNEY.digest)]
    assert again.reason == WHY
    words = {"saw": held.head, "by": two[1], "first": "N. Dale", "arisen": ()}
    with pytest.raises(LedgerError, match="confirm it separately"):
        Drafts(ledger).enter(draft.id, REFILL, **words)
    assert ledger.held(held.id) == held
    assert Drafts(ledger).enter(draft.id, REFILL, **words, confirmed=True).state == "entered"


@pytest.mark.hazard("H75")
def test_a_rule_that_the_first_person_did_not_see_refuses_whatever_is_confirmed(ledger, held, two):
    draft = begun(ledger, held, two[0], against=(KIDNEY,), reason=WHY)
    with pytest.raises(LedgerError, match="hypersensitivity"):
        Drafts(ledger).enter(
            draft.id, REFILL, saw=held.head, by=two[1], first="N. Dale", arisen=(ALLERGY,), confirmed=True
        )
    assert ledger.held(held.id) == held
    assert Drafts(ledger).draft(draft.id).state == "waiting"


def test_the_rules_against_an_entry_need_a_reason_at_the_first_entry(ledger, held, two):
    with pytest.raises(LedgerError, match="without a reason"):
        begun(ledger, held, two[0], against=(KIDNEY,))


@pytest.mark.hazard("H75")
def test_new_is_a_rule_that_was_not_there_or_says_something_else_of_the_changed_chart():
    worse = Objection("kidney", "Dialysis: no start.")
    later = Objection("kidney", "eGFR 12, 91 days old: no start.")
    assert arisen(kept([KIDNEY]), [KIDNEY], [KIDNEY]) == ()
    assert arisen((), [], [KIDNEY]) == (KIDNEY,), "it was not there"
    assert arisen((), [KIDNEY], [KIDNEY]) == (KIDNEY,), "by time alone, and it was not there"
    assert arisen(kept([KIDNEY]), [KIDNEY], [KIDNEY, ALLERGY]) == (ALLERGY,)
    assert arisen(kept([KIDNEY]), [KIDNEY], [worse]) == (worse,), "the chart has changed"
    assert arisen(kept([KIDNEY]), [later], [later]) == (), "only time has passed"
    assert arisen(kept([KIDNEY]), [KIDNEY], []) == (), "the rules do not refuse any more"


@pytest.mark.parametrize("reason", ["", "ok", "x" * 14, "a  b   c    d   e", "#" * 40, "y" * 201])
def test_a_reason_has_at_least_fifteen_characters_and_fits_on_a_line(reason):
    with pytest.raises(LedgerError, match=r"A reason has at (least 15|most 200) characters"):
        checked_reason(reason)


def test_a_reason_becomes_one_line_that_begins_no_detail():
    assert checked_reason("night; nobody\n else # here") == "night, nobody else here"


# -- marking a checked event as entered in error -----------------------------------------------------------------------


def record_of(ledger: Ledger, held, line: str):
    return next(each for each in ledger.records(held.id) if each.content == line)


@pytest.mark.carries("TOX-01")
def test_a_checked_event_counts_until_a_second_person_confirms_that_it_was_an_error(ledger, held, two):
    drafts, record = Drafts(ledger), record_of(ledger, held, CHECKED)
    draft = drafts.begin_strike(held.id, record, "the refill of another patient", saw=held.head, by=two[0])
    assert (draft.op, draft.kind) == ("strike", "refill")
    assert stands(ledger, held, CHECKED)
    with pytest.raises(LedgerError, match="another one"):
        drafts.confirm_strike(draft.id, saw=held.head, by=two[0], first="N. Dale")
    done = drafts.confirm_strike(draft.id, saw=held.head, by=two[1], first="N. Dale")
    assert done.state == "entered"
    assert not stands(ledger, held, CHECKED)
    last = ledger.records(held.id)[-1]
    assert (last.op, last.struck, last.by) == ("strike", record.hash, "N. Dale; confirmed by A. Okoro")
    assert drafts.confirm_strike(draft.id, saw=held.head, by=two[1], first="N. Dale") == done, "sent twice is once"


def test_a_strike_that_waits_lets_nothing_else_be_entered_and_is_void_once_the_chart_moved(ledger, held, two):
    drafts, record = Drafts(ledger), record_of(ledger, held, CHECKED)
    draft = drafts.begin_strike(held.id, record, "the refill of another patient", saw=held.head, by=two[0])
    assert drafts.begin_strike(held.id, record, "again", saw=held.head, by=two[0]).id == draft.id
    with pytest.raises(LedgerError, match="still waits"):
        begun(ledger, held, two[0])
    with pytest.raises(LedgerError, match="not waiting"):
        drafts.enter(draft.id, CHECKED, saw=held.head, by=two[1], first="N. Dale", arisen=())
    ledger.append(held.id, ["2026-05-02 08:40 program continuous 160 mcg/day"], saw=held.head, by="Somebody")
    with pytest.raises(LedgerError, match="moved on"):
        drafts.confirm_strike(draft.id, saw=ledger.held(held.id).head, by=two[1], first="N. Dale")
    assert drafts.withdraw(draft.id, two[1]).state == "withdrawn"
    assert stands(ledger, held, CHECKED)


def test_an_event_that_nobody_checked_is_not_marked_by_two(ledger, held, two):
    record = record_of(ledger, held, "2026-03-10 10:10 program continuous 150 mcg/day")
    with pytest.raises(LedgerError, match="two people checked"):
        Drafts(ledger).begin_strike(held.id, record, WHY, saw=held.head, by=two[0])


@pytest.mark.carries("TOX-01")
@pytest.mark.parametrize(
    "line",
    [
        "2026-05-02 08:30 refill 18 mL of 500 mcg/mL; product 500 mcg/mL; checked by A. Okoro",
        "2026-05-02 08:31 program continuous 160 mcg/day; checked by A. Okoro",
        "2026-05-02 08:32 bridge 182 mcg over 29.1 h; checked by A. Okoro",
        "2026-05-02 08:33 trial 50 mcg; checked by A. Okoro",
    ],
)
def test_the_ledger_itself_marks_no_checked_event_by_one_person(ledger, held, line):
    (added,) = ledger.append(held.id, [line], saw=held.head, by="N. Dale")
    strikes = [(added.hash, "a slip")]
    for by, second in (("N. Dale", ""), ("N. Dale", "N. Dale"), ("N. Dale", "n. dale")):
        with pytest.raises(LedgerError, match=r"another one|two people"):
            ledger.append(held.id, (), saw=added.hash, by=by, strikes=strikes, second=second)
    assert stands(ledger, held, line)
    ledger.append(held.id, (), saw=added.hash, by="N. Dale", strikes=strikes, second="A. Okoro")
    assert not stands(ledger, held, line)


# -- reviews -----------------------------------------------------------------------------------------------------------


def alone(ledger: Ledger, held, by: Member):
    with ledger.adding() as connection:
        added = ledger.append_in(connection, held.id, [REFILL], saw=held.head, by=by.shown)
        marks = ["without a second person", "outside the rules (kidney)"]
        return Reviews(ledger).begin_in(connection, added[0], marks=marks, reason=WHY, by=by)


def test_an_entry_of_one_person_is_reviewed_by_another_and_the_chart_says_so(ledger, held, two):
    reviews, review = Reviews(ledger), alone(ledger, held, two[0])
    assert reviews.open() == reviews.open(held.id) == (review,)
    assert review.how == "without a second person and outside the rules (kidney)"
    head = ledger.held(held.id).head
    with pytest.raises(LedgerError, match="another person"):
        reviews.finish(review.id, "compared with the vial", saw=head, by=two[0])
    with pytest.raises(LedgerError, match="at least 15"):
        reviews.finish(review.id, "ok", saw=head, by=two[1])
    with pytest.raises(Conflict):
        reviews.finish(review.id, "compared with the vial", saw=held.head, by=two[1])
    assert reviews.open() == (review,)
    done = reviews.finish(review.id, "compared with the vial", saw=head, by=two[1])
    assert (done.state, done.reviewed_by) == ("reviewed", "okoro")
    assert reviews.open() == ()
    last = ledger.records(held.id)[-1].content
    assert "note reviewed by A. Okoro (refill of 2026-05-02 08:50" in last
    assert last.endswith("compared with the vial")
    assert reviews.finish(review.id, "compared with the vial", saw=head, by=two[1]) == done, "sent twice is once"
    with pytest.raises(LedgerError, match="already"):
        reviews.finish(review.id, "compared with the order", saw=head, by=two[1])


def test_an_entry_that_was_not_written_waits_for_no_review(ledger, held, two):
    def write(saw: str) -> None:
        with ledger.adding() as connection:
            added = ledger.append_in(connection, held.id, [REFILL], saw=held.head, by="N. Dale")
            Reviews(ledger).begin_in(connection, added[0], marks=["alone"], reason=WHY, by=two[0])
            ledger.append_in(connection, held.id, ["2026-05-02 08:51 contact"], saw=saw, by="N. Dale")

    with pytest.raises(Conflict):
        write(held.head)
    assert Reviews(ledger).open() == ()
    assert ledger.held(held.id) == held


def test_reviews_are_in_a_backup(ledger, held, two, tmp_path, clock):
    from eutonia.ledger.transfer import backed_up

    review = alone(ledger, held, two[0])
    backed_up(ledger, tmp_path / "copy.ledger")
    with Ledger(tmp_path / "copy.ledger", clock=clock) as copy:
        assert Reviews(copy).open() == (review,)


# -- ledgers of the version before -------------------------------------------------------------------------------------


def test_a_ledger_of_the_second_version_keeps_what_waits_and_ends_what_was_half_written(where: str, clock) -> None:
    from alembic import command
    from alembic.config import Config

    from eutonia.ledger import migrations

    def at(version: str) -> None:
        engine = create_engine(url_of(where))
        with engine.begin() as connection:
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(Path(migrations.__file__).parent))
            command.upgrade(config, version)
        engine.dispose()

    at("0002")
    engine = create_engine(url_of(where))
    # What the version before has written: one that waits, one that is on the chart, one whose writer ended before it was.
    columns = 'id, chart, saw, line, beside, after, "by", at, state, second, second_by, second_at'
    rows = {
        "w": (REFILL, "waiting"),
        "e": ("2026-05-02 08:40 program continuous 160 mcg/day", "writing"),
        "n": ("2026-05-02 08:41 bridge 182 mcg over 29.1 h", "writing"),
    }
    with engine.begin() as connection:
        for id, (line, state) in rows.items():
            values = f"'{id}', 'c1', '', '{line}', '[]', '[]', 'dale', '2026-05-02T08:59:00.000000+00:00', '{state}', '', '', ''"
            connection.execute(text(f"INSERT INTO drafts ({columns}) VALUES ({values})"))
        connection.execute(
            text(
                'INSERT INTO records (seq, chart, n, op, content, "by", entered, before, hash, "over") VALUES '
                f"(1, 'c1', 0, 'event', '{rows['e'][0]}; checked by A. Okoro', 'N', '', '', 'h', '')"
            )
        )
    engine.dispose()
    with pytest.raises(LedgerError, match="older Eutonia"):
        Ledger(where)
    with Ledger(where, create=True, clock=clock) as ledger:
        found = {each: Drafts(ledger).draft(each) for each in rows}
        assert {each: draft.state for each, draft in found.items()} == {"w": "waiting", "e": "entered", "n": "waiting"}
        assert (found["w"].op, found["w"].against, found["w"].reason) == ("event", (), "")
        assert Reviews(ledger).open() == ()
        assert Staff(ledger).everyone() == ()
