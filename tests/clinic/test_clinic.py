"""Who may sign in, who looked at what, and what waits for a second person; on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from eutonia.clinic import Drafts, Feedback, Member, Pulse, Staff, StaffError, Trail
from eutonia.clinic import staff as limits
from eutonia.ledger import Conflict, Ledger, LedgerError
from tests.clock import Clock
from tests.ledger.conftest import server, where  # noqa: F401

PASSWORD = "a long enough one"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(where: str, clock: Clock) -> Iterator[Ledger]:  # noqa: F811
    with Ledger(where, create=True, clock=clock) as found:
        yield found


@pytest.fixture
def staff(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Staff:
    from argon2 import PasswordHasher

    # The same hash with less work: what is tested is who gets in, not how long it takes.
    limits._nobody.cache_clear()
    monkeypatch.setattr(limits, "_hasher", lambda: PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    found = Staff(ledger)
    found.add("dale", "N. Dale", "clinician", PASSWORD)
    found.add("okoro", "A. Okoro", "checker", PASSWORD)
    found.add("admin", "The administrator", "administrator", PASSWORD)
    return found


# -- staff -----------------------------------------------------------------------------------------------------------


def test_who_has_the_password_signs_in_and_is_known_until_signing_out(staff):
    key, session = staff.sign_in("dale", PASSWORD)
    assert (session.member.shown, session.member.role) == ("N. Dale", "clinician")
    assert staff.session(key) == session
    staff.sign_out(key)
    assert staff.session(key) is None


def test_a_wrong_password_and_an_unknown_name_are_refused_in_the_same_words(staff):
    says = []
    for name in ("dale", "nobody"):
        with pytest.raises(StaffError) as error:
            staff.sign_in(name, "wrong wrong wrong")
        says.append(str(error.value))
    assert says[0] == says[1]


def test_after_five_wrong_passwords_the_right_one_does_not_help_for_a_quarter_of_an_hour(staff, clock):
    for _ in range(5):
        with pytest.raises(StaffError):
            staff.sign_in("dale", "wrong wrong wrong")
    with pytest.raises(StaffError):
        staff.sign_in("dale", PASSWORD)
    assert [each.locked for each in staff.everyone() if each.name == "dale"] == [True]
    clock.on(minutes=16)
    staff.sign_in("dale", PASSWORD)


def test_an_administrator_unlocks_by_a_new_password(staff):
    for _ in range(5):
        with pytest.raises(StaffError):
            staff.sign_in("dale", "wrong wrong wrong")
    staff.change("dale", password="another long one")
    staff.sign_in("dale", "another long one")


def test_four_wrong_passwords_lock_nobody_out_and_are_forgotten_after_a_right_one(staff):
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(StaffError):
                staff.sign_in("dale", "wrong wrong wrong")
        staff.sign_in("dale", PASSWORD)


def test_whoever_fails_from_one_place_does_not_keep_the_owner_out_from_another(staff):
    for _ in range(9):
        with pytest.raises(StaffError):
            staff.sign_in("dale", "wrong wrong wrong", "10.0.0.66")
    with pytest.raises(StaffError):
        staff.sign_in("dale", PASSWORD, "10.0.0.66")
    staff.sign_in("dale", PASSWORD, "10.0.0.1")


def test_a_new_password_gives_the_calendar_a_new_key(staff):
    before = {each.name: each.feed for each in staff.everyone()}
    staff.change("dale", password="another long one")
    after = {each.name: each.feed for each in staff.everyone()}
    assert after["dale"] != before["dale"]
    assert after["okoro"] == before["okoro"]


def test_a_session_ends_when_nothing_is_asked_and_after_a_long_shift(staff, clock):
    key, _ = staff.sign_in("dale", PASSWORD)
    clock.on(minutes=29)
    assert staff.session(key) is not None
    clock.on(minutes=29)
    assert staff.session(key) is not None
    clock.on(minutes=31)
    assert staff.session(key) is None
    key, _ = staff.sign_in("dale", PASSWORD)
    for _ in range(30):
        clock.on(minutes=25)
        alive = staff.session(key) is not None
    assert not alive


def test_a_new_role_or_password_signs_out(staff):
    key, _ = staff.sign_in("dale", PASSWORD)
    staff.change("dale", role="reader")
    assert staff.session(key) is None
    assert staff.sign_in("dale", PASSWORD)[1].member.role == "reader"


@pytest.mark.parametrize(
    ("name", "shown", "role", "password", "says"),
    [
        ("dale", "Another", "reader", PASSWORD, "taken"),
        ("Dale D", "Another", "reader", PASSWORD, "no name to sign in"),
        ("new", "Another", "reader", "short", "at least 12"),
        ("new", "Another", "king", PASSWORD, "no role"),
        ("new", "A; by B", "reader", PASSWORD, "can be seen"),
        ("new", "A\u200b B", "reader", PASSWORD, "can be seen"),
        ("new", "A" * 81, "reader", PASSWORD, "can be seen"),
        ("new", "N. Dale", "reader", PASSWORD, "somebody else's"),
        ("new", "  ", "reader", PASSWORD, "can be seen"),
    ],
)
def test_what_is_no_member_is_refused_and_changes_nothing(staff, name, shown, role, password, says):
    before = staff.everyone()
    with pytest.raises(StaffError, match=says):
        staff.add(name, shown, role, password)
    assert staff.everyone() == before


def test_the_last_administrator_stays(staff):
    for act in (lambda: staff.remove("admin"), lambda: staff.change("admin", role="reader")):
        with pytest.raises(StaffError, match="last administrator"):
            act()
    staff.add("second", "Second", "administrator", PASSWORD)
    staff.remove("admin")
    assert "admin" not in {each.name for each in staff.everyone()}


def test_neither_passwords_nor_keys_of_sessions_stand_in_the_database(staff, ledger):
    key, session = staff.sign_in("dale", PASSWORD)
    with ledger.looking() as connection:
        rows = [
            str(row) for table in ("staff", "sessions") for row in connection.execute(text(f"SELECT * FROM {table}"))
        ]
    assert session.form in "".join(rows)
    assert not any(PASSWORD in row or key in row for row in rows)


# -- the trail -------------------------------------------------------------------------------------------------------


def test_accesses_are_kept_newest_first_and_nobody_can_change_them(ledger):
    trail = Trail(ledger)
    for n in range(3):
        trail.note("dale", "looked", f"chart{n % 2}")
    assert [each.seq for each in trail.last(2)] == [3, 2]
    assert [each.seq for each in trail.last(9, "chart0")] == [3, 1]
    assert trail.faults() == ()
    with pytest.raises(LedgerError, match="only added to"), ledger.adding() as connection:
        connection.execute(text("UPDATE accesses SET who = 'nobody' WHERE seq = 2"))


def test_a_changed_access_and_a_missing_one_are_found(tmp_path, clock):
    path = tmp_path / "clinic.ledger"
    with Ledger(path, create=True, clock=clock) as ledger:
        for n in range(4):
            Trail(ledger).note("dale", f"looked {n}")
    plain = sqlite3.connect(path)
    plain.executescript("DROP TRIGGER accesses_update; DROP TRIGGER accesses_delete;")
    plain.execute("UPDATE accesses SET who = 'nobody' WHERE seq = 2")
    plain.execute("DELETE FROM accesses WHERE seq = 3")
    plain.commit()
    plain.close()
    with Ledger(path, clock=clock) as ledger:
        faults = Trail(ledger).faults()
    assert faults[0].startswith("access 2 was changed")
    assert "access 3 is missing" in faults


# -- the heartbeat ---------------------------------------------------------------------------------------------------


def test_a_watching_that_never_looked_or_is_silent_counts_as_stopped(ledger, clock):
    pulse = Pulse(ledger)
    assert pulse.stopped()
    pulse.beat()
    assert not pulse.stopped()
    clock.on(minutes=4)
    assert not pulse.stopped()
    clock.on(minutes=2)
    assert pulse.stopped()


def test_a_look_that_lies_ahead_is_a_wrong_clock_and_counts_as_stopped(ledger, clock):
    pulse = Pulse(ledger)
    pulse.beat()
    clock.on(hours=-1)
    assert pulse.stopped()


# -- two people ------------------------------------------------------------------------------------------------------

CHART = (
    "2026-03-10 08:00 person id A-17; born 1979-04-11; sex female",
    "2026-03-10 08:30 implant SynchroMed II 20 mL; line 0.364 mL; tip T10; alarm 4 mL",
    "2026-03-10 09:40 refill 18 mL of 500 mcg/mL; product 500 mcg/mL; checked by N. Dale",
    "2026-03-10 10:10 program continuous 150 mcg/day",
)
REFILL = "2026-05-02 08:50 refill 18 mL of 500 mcg/mL; product 500 mcg/mL"


@pytest.fixture
def two(staff: Staff) -> tuple[Member, Member]:
    found = {each.name: each for each in staff.everyone()}
    return found["dale"], found["okoro"]


@pytest.fixture
def held(ledger: Ledger):
    return ledger.open(CHART, by="N. Dale")


def test_two_people_who_agree_put_it_on_the_chart_under_both_names(ledger, held, two):
    drafts = Drafts(ledger)
    first, second = two
    draft = drafts.begin(held.id, REFILL, (), saw=held.head, by=first)
    assert ledger.held(held.id).head == held.head, "nothing is on the chart yet"
    assert drafts.open() == (draft,)
    done = drafts.enter(draft.id, REFILL, saw=held.head, by=second, first=first.shown, arisen=())
    assert done.state == "entered"
    last = ledger.records(held.id)[-1]
    assert last.content == f"{REFILL}; checked by A. Okoro"
    assert last.by == "N. Dale; checked by A. Okoro"
    assert drafts.open() == ()


def test_the_same_amount_in_another_unit_is_the_same(ledger, held, two):
    drafts = Drafts(ledger)
    draft = drafts.begin(held.id, REFILL, (), saw=held.head, by=two[0])
    other = "2026-05-02 08:50 refill 18 mL of 0.5 mg/mL; product 0.5 mg/mL"
    assert drafts.enter(draft.id, other, saw=held.head, by=two[1], first="N. Dale", arisen=()).state == "entered"
    assert "500 mcg/mL" in ledger.records(held.id)[-1].content


@pytest.mark.parametrize(
    ("line", "field", "first", "second"),
    [
        ("refill 8 mL of 500 mcg/mL; product 500 mcg/mL", "volume", "18 mL", "8 mL"),
        ("refill 18 mL of 2000 mcg/mL; product 500 mcg/mL", "strength", "500 mcg/mL", "2,000 mcg/mL"),
        ("refill 18 mL of 500 mcg/mL", "product", "500 mcg/mL", "nothing"),
        ("refill 18 mL of 500 mcg/mL; product 500 mcg/mL; lot 7", "lot", "nothing", "7"),
    ],
)
def test_where_two_people_differ_nothing_goes_on_the_chart_and_both_see_in_what(
    ledger, held, two, line, field, first, second
):
    drafts = Drafts(ledger)
    draft = drafts.begin(held.id, REFILL, (), saw=held.head, by=two[0])
    done = drafts.enter(draft.id, f"2026-05-02 08:50 {line}", saw=held.head, by=two[1], first="N. Dale", arisen=())
    assert done.state == "differs"
    assert [(each.field, each.first, each.second) for each in drafts.draft(draft.id).differences] == [
        (field, first, second)
    ]
    assert ledger.held(held.id).head == held.head
    with pytest.raises(LedgerError, match="not waiting"):
        drafts.enter(draft.id, REFILL, saw=held.head, by=two[1], first="N. Dale", arisen=())


def test_each_part_of_a_program_is_compared(ledger, held, two):
    drafts = Drafts(ledger)
    at = "2026-05-02 08:50"
    draft = drafts.begin(
        held.id, f"{at} program continuous 150 mcg/day; bolus 12 mcg at 06:00, 22:00", (), saw=held.head, by=two[0]
    )
    done = drafts.enter(
        draft.id,
        f"{at} program continuous 150 mcg/day; bolus 12 mcg at 06:00, 20:00",
        saw=held.head,
        by=two[1],
        first="N.",
        arisen=(),
    )
    assert [(each.field, each.first, each.second) for each in done.differences] == [
        ("boluses", "bolus 12 mcg at 06:00, 22:00", "bolus 12 mcg at 06:00, 20:00")
    ]


def test_nobody_is_the_second_person_to_themselves(ledger, held, two):
    drafts = Drafts(ledger)
    draft = drafts.begin(held.id, REFILL, (), saw=held.head, by=two[0])
    with pytest.raises(LedgerError, match="another one"):
        drafts.enter(draft.id, REFILL, saw=held.head, by=two[0], first="N. Dale", arisen=())


@pytest.mark.hazard("H43")
def test_a_draft_is_void_once_the_pump_was_told_something_else(ledger, held, two):
    drafts = Drafts(ledger)
    draft = drafts.begin(held.id, "2026-05-02 08:50 program continuous 180 mcg/day", (), saw=held.head, by=two[0])
    ledger.append(held.id, ["2026-05-02 08:40 program continuous 160 mcg/day"], saw=held.head, by="Somebody")
    with pytest.raises(LedgerError, match="moved on"):
        drafts.enter(
            draft.id, "2026-05-02 08:50 program continuous 180 mcg/day",
            saw=ledger.held(held.id).head, by=two[1], first="N. Dale", arisen=(),
        )  # fmt: skip
    assert drafts.withdraw(draft.id, two[0]).state == "withdrawn"


def test_a_score_in_between_does_not_void_it_but_the_second_person_must_have_seen_it(ledger, held, two):
    drafts = Drafts(ledger)
    draft = drafts.begin(held.id, REFILL, (), saw=held.head, by=two[0])
    ledger.append(held.id, ["2026-05-02 08:40 score ashworth legs 2"], saw=held.head, by="Somebody")
    with pytest.raises(Conflict):
        drafts.enter(draft.id, REFILL, saw=held.head, by=two[1], first="N. Dale", arisen=())
    assert drafts.draft(draft.id).state == "waiting"
    now = ledger.held(held.id).head
    assert drafts.enter(draft.id, REFILL, saw=now, by=two[1], first="N. Dale", arisen=()).state == "entered"


def test_what_one_person_enters_at_one_visit_is_checked_in_its_order(ledger, held, two):
    drafts, first = Drafts(ledger), two[0]
    at = "2026-05-02 08:5"
    visit = [
        f"{at}0 refill 18 mL of 2,000 mcg/mL; product 2,000 mcg/mL",
        f"{at}1 bridge 182 mcg over 29.1 h",
        f"{at}2 program continuous 150 mcg/day; strength 2,000 mcg/mL",
    ]
    waiting = [drafts.begin(held.id, line, (), saw=held.head, by=first) for line in visit]
    with pytest.raises(LedgerError, match="checked before it"):
        drafts.enter(waiting[2].id, visit[2], saw=held.head, by=two[1], first="N. Dale", arisen=())
    for draft, line in zip(waiting, visit, strict=True):
        head = ledger.held(held.id).head
        assert drafts.enter(draft.id, line, saw=head, by=two[1], first="N. Dale", arisen=()).state == "entered"
    assert [each.content.split(";")[0] for each in ledger.records(held.id)[-3:]] == [
        each.split(";")[0] for each in visit
    ]


def test_while_somebody_elses_entry_waits_or_differs_no_other_is_entered(ledger, held, two, staff):
    drafts = Drafts(ledger)
    draft = drafts.begin(held.id, REFILL, (), saw=held.head, by=two[0])
    staff.add("finch", "F. Finch", "clinician", PASSWORD)
    finch = next(each for each in staff.everyone() if each.name == "finch")
    program = "2026-05-02 08:55 program continuous 160 mcg/day"
    with pytest.raises(LedgerError, match="still waits"):
        drafts.begin(held.id, program, (), saw=held.head, by=finch)
    with pytest.raises(LedgerError, match="still waits"):
        drafts.begin(held.id, REFILL, (), saw=held.head, by=finch)
    drafts.enter(draft.id, REFILL.replace("18 mL", "17 mL"), saw=held.head, by=two[1], first="N. Dale", arisen=())
    with pytest.raises(LedgerError, match="still waits"):
        drafts.begin(held.id, program, (), saw=held.head, by=two[0])
    drafts.withdraw(draft.id, two[0])
    assert drafts.begin(held.id, program, (), saw=held.head, by=finch).state == "waiting"


@pytest.mark.parametrize("line", ["program stop", "oral stop", "device stall", "interruption surgery"])
def test_what_an_entry_rests_on_voids_it_where_it_came_in_between(ledger, held, two, line):
    drafts = Drafts(ledger)
    draft = drafts.begin(held.id, REFILL, (), saw=held.head, by=two[0])
    ledger.append(held.id, [f"2026-05-02 08:55 {line}"], saw=held.head, by="Somebody")
    with pytest.raises(LedgerError, match="moved on"):
        drafts.enter(draft.id, REFILL, saw=ledger.held(held.id).head, by=two[1], first="N. Dale", arisen=())


def test_after_a_day_nobody_checks_it_any_more(ledger, held, two, clock):
    drafts = Drafts(ledger)
    draft = drafts.begin(held.id, REFILL, (), saw=held.head, by=two[0])
    clock.on(hours=25)
    with pytest.raises(LedgerError, match="too long ago"):
        drafts.enter(draft.id, REFILL, saw=held.head, by=two[1], first="N. Dale", arisen=())


def test_two_people_write_the_same_hour_too(ledger, held, two):
    drafts = Drafts(ledger)
    draft = drafts.begin(held.id, REFILL.replace("08:50", "07:00"), (), saw=held.head, by=two[0])
    done = drafts.enter(draft.id, REFILL, saw=held.head, by=two[1], first="N. Dale", arisen=())
    assert [each.field for each in done.differences] == ["when"]


def test_the_second_entry_sent_twice_is_one_event_and_says_the_same(ledger, held, two):
    drafts = Drafts(ledger)
    draft = drafts.begin(held.id, REFILL, (), saw=held.head, by=two[0])
    answers = [drafts.enter(draft.id, REFILL, saw=held.head, by=two[1], first="N. Dale", arisen=()) for _ in range(2)]
    assert answers[0] == answers[1]
    assert ledger.held(held.id).size == held.size + 1


def test_the_values_of_a_withdrawn_draft_of_somebody_else_are_not_met_again(ledger, held, two):
    drafts = Drafts(ledger)
    draft = drafts.begin(held.id, REFILL, (), saw=held.head, by=two[0])
    gone = drafts.withdraw(draft.id, two[1])
    assert (gone.state, gone.second, gone.second_by) == ("withdrawn", "", "okoro")


def test_the_same_form_sent_twice_is_one_draft(ledger, held, two):
    drafts = Drafts(ledger)
    one = drafts.begin(held.id, REFILL, (), saw=held.head, by=two[0])
    assert drafts.begin(held.id, REFILL, (), saw=held.head, by=two[0]).id == one.id
    assert len(drafts.open(held.id)) == 1


def test_what_needs_no_second_person_is_no_draft(ledger, held, two):
    with pytest.raises(LedgerError, match="needs no second"):
        Drafts(ledger).begin(held.id, "2026-05-02 08:50 score ashworth legs 2", (), saw=held.head, by=two[0])


def test_a_backup_holds_the_staff_the_trail_what_waits_and_the_feedback(ledger, held, two, tmp_path, clock):
    from eutonia.ledger.transfer import backed_up

    Trail(ledger).note("dale", "looked at the chart", held.id)
    Drafts(ledger).begin(held.id, REFILL, (), saw=held.head, by=two[0])
    Feedback(ledger).keep("order-sign", {"card": "c1"})
    key, _ = Staff(ledger).sign_in("dale", PASSWORD)
    backed_up(ledger, tmp_path / "copy.ledger")
    with Ledger(tmp_path / "copy.ledger", clock=clock) as copy:
        assert Staff(copy).everyone() == Staff(ledger).everyone()
        assert Trail(copy).last(9) == Trail(ledger).last(9)
        assert Trail(copy).faults() == ()
        assert Drafts(copy).open() == Drafts(ledger).open()
        assert Feedback(copy).all() == Feedback(ledger).all()
        assert Staff(copy).session(key) is None, "nobody is signed in to a copy"
        Staff(copy).sign_in("dale", PASSWORD)


# -- a file that goes away --------------------------------------------------------------------------------------------


def test_nothing_is_acknowledged_into_a_file_that_was_taken_away(tmp_path, clock):
    path = tmp_path / "clinic.ledger"
    with Ledger(path, create=True, clock=clock) as ledger:
        held = ledger.open(CHART, by="N. Dale")
        path.rename(tmp_path / "moved.ledger")
        with pytest.raises(LedgerError, match="moved, deleted or replaced"):
            ledger.append(held.id, [REFILL], saw=held.head, by="N. Dale")
        (tmp_path / "moved.ledger").rename(path)
        assert ledger.append(held.id, [REFILL], saw=held.head, by="N. Dale")


# -- feedback, and older ledgers ---------------------------------------------------------------------------------------


def test_feedback_is_kept_as_it_came(ledger):
    body = {"card": "c1", "outcome": "overridden", "overrideReason": {"reason": {"code": "x"}}}
    Feedback(ledger).keep("order-sign", body)
    Feedback(ledger).keep("order-sign", body)
    assert [(service, found) for _, service, found in Feedback(ledger).all()] == [("order-sign", body)] * 2


def test_a_ledger_of_the_first_version_is_brought_up_to_date_with_all_that_it_holds(tmp_path: Path):
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    from eutonia.ledger import migrations

    path = tmp_path / "old.ledger"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        command.upgrade(config, "0001")
    engine.dispose()
    with pytest.raises(LedgerError, match="older Eutonia"):
        Ledger(path)
    with Ledger(path, create=True) as ledger:
        held = ledger.open(CHART, by="N. Dale")
        assert Staff(ledger).everyone() == ()
    with Ledger(path) as ledger:
        assert ledger.held(held.id) == held
