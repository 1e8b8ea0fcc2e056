"""Charts that grow in a ledger: what a clinic does on a day, and what must not happen."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

import eutonia
from eutonia.chart import ReadError
from eutonia.kept import keep, replayed
from eutonia.ledger import Conflict, Ledger, LedgerError
from eutonia.ledger.transfer import backed_up, exported, imported, restored
from eutonia.ledger.verify import verify

NOON = datetime(2026, 5, 2, 12, tzinfo=UTC)
ANN = ["2026-01-05 09:30 person id A-17; born 1979-04-11; sex female", "2026-01-05 weight 72 kg"]
BEN = ["2026-01-06 person id B-4; born 1990-01-01; sex male"]
EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.chart"))


def opened(where: str, begin: datetime = NOON) -> Ledger:
    """A new ledger whose clock stands at noon of 2026-05-02 and goes on by a second a record."""
    ticks = itertools.count()
    return Ledger(where, create=True, clock=lambda: begin + timedelta(seconds=next(ticks)))


def test_a_chart_is_opened_grows_and_reads_as_if_it_had_been_written_at_once(where: str) -> None:
    with opened(where) as ledger:
        held = ledger.open(ANN, by="Dr Example")
        first, second = ledger.append(
            held.id, ["2026-01-06 oral 5 mg three times a day", "2026-01-05 lab creatinine 0.9 mg/dL"], saw=held.head, by="N. Nurse"
        )  # fmt: skip
        assert (first.by, first.entered) == ("N. Nurse", second.entered)
        whole = (
            "\n".join([*ANN, "2026-01-06 oral 5 mg three times a day", "2026-01-05 lab creatinine 0.9 mg/dL"]) + "\n"
        )
        assert ledger.chart(held.id).to_text() == whole
        assert ledger.chart(held.id).hash == eutonia.read(whole).hash
        assert ledger.chart(held.id, held.head).to_text() == "\n".join(ANN) + "\n"
        assert not verify(ledger).faults
    with Ledger(where) as again:
        assert again.held(held.id).head == second.hash
        assert [each.op for each in again.records(held.id)] == ["open", "event", "event", "event", "event"]


@pytest.mark.hazard("H50")
def test_of_two_who_saw_the_same_head_the_second_is_shown_what_the_first_wrote(where: str) -> None:
    with opened(where) as ledger:
        held = ledger.open(ANN, by="A")
        ledger.append(held.id, ["2026-05-01 10:00 weight 70 kg"], saw=held.head, by="A")
        with pytest.raises(Conflict, match="2026-05-01 10:00 weight 70 kg") as error:
            ledger.append(held.id, ["2026-05-01 10:05 weight 71 kg"], saw=held.head, by="B")
        (since,) = error.value.since
        assert since.by == "A"
        assert len(ledger.records(held.id)) == 4
        ledger.append(held.id, ["2026-05-01 10:05 weight 71 kg"], saw=since.hash, by="B")
        assert not verify(ledger).faults


@pytest.mark.hazard("H50")
def test_many_who_write_at_once_take_turns_and_each_head_is_used_once(where: str) -> None:
    with opened(where) as ledger:
        held = ledger.open(ANN, by="A")
    taken: list[str] = []
    refused: list[str] = []

    def write(name: str) -> None:
        with Ledger(where, clock=lambda: NOON) as mine:
            for n in range(5):
                seen = mine.held(held.id).head
                try:
                    mine.append(held.id, [f"2026-05-01 10:{n:02} note {name} {n}"], saw=seen, by=name)
                    taken.append(f"{name} {n}")
                except Conflict:
                    refused.append(f"{name} {n}")

    threads = [threading.Thread(target=write, args=(f"writer{n}",)) for n in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with Ledger(where) as ledger:
        notes = [each.content.split(" note ")[1] for each in ledger.records(held.id) if " note " in each.content]
        assert sorted(notes) == sorted(taken)
        assert len(taken) + len(refused) == 20
        assert not verify(ledger).faults


@pytest.mark.hazard("H52")
def test_a_request_that_is_sent_three_times_counts_once(where: str) -> None:
    with opened(where) as ledger:
        held = ledger.open(ANN, by="A")
        assert ledger.open(ANN, by="A") == held
        lines = ["2026-05-01 10:00 refill 18 mL of 500 mcg/mL", "2026-05-01 10:10 note filled"]
        first = ledger.append(held.id, lines, saw=held.head, by="A")
        for _ in range(2):
            assert ledger.append(held.id, lines, saw=held.head, by="A") == first
        # Also when it comes again later, after somebody else wrote, with the head of then: it stands there already.
        ledger.append(held.id, ["2026-05-01 11:00 weight 70 kg"], saw=first[-1].hash, by="B")
        again = ledger.append(
            held.id, ["2026-05-01  10:00  refill  18 mL of 500 mcg/mL"], saw=ledger.held(held.id).head, by="C"
        )
        assert again == first[:1]
        assert len(ledger.records(held.id)) == 6


@pytest.mark.hazard("H16")
def test_a_correction_is_a_new_record_and_the_past_stays_readable(where: str) -> None:
    with opened(where) as ledger:
        held = ledger.open([*ANN, "2026-04-01 10:00 score ashworth legs 4"], by="A")
        wrong = ledger.records(held.id)[-1]
        struck, right = ledger.append(
            held.id, ["2026-04-01 10:00 score ashworth legs 3"], saw=held.head, by="B", strikes=[(wrong.hash, "typed wrong")]
        )  # fmt: skip
        assert (struck.op, struck.struck) == ("strike", wrong.hash)
        assert "legs 4" not in ledger.chart(held.id).to_text()
        assert "legs 4" in ledger.chart(held.id, held.head).to_text()
        again = ledger.append(held.id, (), saw=right.hash, by="C", strikes=[(wrong.hash, "typed wrong")])
        assert again == (struck,)
        with pytest.raises(LedgerError, match="no event with the hash"):
            ledger.append(held.id, (), saw=right.hash, by="C", strikes=[("0" * 64, "why not")])
        # The same event may be entered anew once it was struck.
        (back,) = ledger.append(held.id, ["2026-04-01 10:00 score ashworth legs 4"], saw=right.hash, by="C")
        assert back.hash != wrong.hash


@pytest.mark.hazard("H14")
@pytest.mark.parametrize(("line", "taken"), [("2026-05-02 12:04 weight 70 kg", True), ("2026-05-02 12:30 weight 70 kg", False), ("2027-05-02 weight 70 kg", False)])  # fmt: skip
def test_what_has_not_happened_yet_is_not_kept(where: str, line: str, taken: bool) -> None:
    with opened(where) as ledger:
        held = ledger.open(ANN, by="A")
        if taken:
            ledger.append(held.id, [line], saw=held.head, by="A")
        else:
            with pytest.raises(ReadError, match="has not happened yet"):
                ledger.append(held.id, [line], saw=held.head, by="A")
        assert len(ledger.records(held.id)) == 3 + taken


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda ledger, held: ledger.append(held.id, ["2026-05-01 weight 70"], saw=held.head, by="A"), "weight 70"),
        (lambda ledger, held: ledger.append(held.id, ["2026-05-01 person id B-4"], saw=held.head, by="A"), "two patients"),
        (lambda ledger, held: ledger.append(held.id, ["2026-05-01 weight 70 kg"], saw="f" * 64, by="A"), "never had the head"),
        (lambda ledger, held: ledger.append("0" * 16, ["2026-05-01 weight 70 kg"], saw=held.head, by="A"), "no chart"),
        (lambda ledger, held: ledger.append(held.id, (), saw=held.head, by="A"), "nothing to append"),
        (lambda ledger, held: ledger.append(held.id, ["2026-05-01 weight 70 kg"], saw=held.head, by=" "), "who enters"),
        (lambda ledger, held: ledger.append(held.id, ["2026-05-01 weight 7\n2026-05-02 weight 0 kg"], saw=held.head, by="A"), "line 1"),
        (lambda ledger, held: ledger.open([*ANN, "2026-05-01 weight 70 kg"], by="A"), "has a chart already"),
        (lambda ledger, held: ledger.open(["2026-01-05 weight 72 kg"], by="A"), "no line names the person"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_and_changes_nothing(
    where: str, act: Callable[[Ledger, object], object], says: str
) -> None:
    with opened(where) as ledger:
        held = ledger.open(ANN, by="A")
        before = ledger.records()
        with pytest.raises((LedgerError, ReadError), match=says):
            act(ledger, held)
        assert ledger.records() == before
        assert not verify(ledger).faults


@pytest.mark.hazard("H10")
def test_the_id_on_a_chart_cannot_become_that_of_another_person(where: str) -> None:
    with opened(where) as ledger:
        ann, _ = ledger.open(ANN, by="A"), ledger.open(BEN, by="A")
        named = ledger.records(ann.id)[1]
        with pytest.raises(LedgerError, match="another chart is of the person"):
            ledger.append(
                ann.id, ["2026-01-05 09:30 person id B-4"], saw=ann.head, by="A", strikes=[(named.hash, "slip")]
            )
        ledger.append(ann.id, ["2026-01-05 09:30 person id A-71"], saw=ann.head, by="A", strikes=[(named.hash, "slip")])
        assert ledger.of_person("A-17") is None
        found = ledger.of_person("A-71")
        assert found is not None
        assert found.id == ann.id
        assert not verify(ledger).faults


def test_what_was_kept_can_be_neither_changed_nor_deleted(where: str) -> None:
    with opened(where) as ledger:
        ledger.open(ANN, by="A")
        for act in ("UPDATE records SET content = 'x' WHERE seq = 2", "DELETE FROM records WHERE seq = 3"):
            with pytest.raises(LedgerError, match="only added to"), ledger.adding() as connection:
                connection.execute(text(act))
        assert not verify(ledger).faults


def test_charts_come_in_from_files_once_and_what_was_struck_stays_struck(where: str) -> None:
    with opened(where, NOON + timedelta(days=1)) as ledger:
        charts = [(each.name, lambda each=each: eutonia.read(each)) for each in EXAMPLES]
        charts.append(("bad.chart", lambda: eutonia.read("2026-01-05 weight\n")))
        seen: list[str] = []
        taken = imported(ledger, charts, by="A", seen=lambda each: seen.append(each.source))
        assert [each.source for each in taken] == seen == [name for name, _ in charts]
        assert taken[-1].refused
        for each, file in zip(taken, EXAMPLES, strict=False):
            assert each.chart is not None
            assert ledger.chart(each.chart).hash == eutonia.read(file).hash
        size = ledger.tip()
        assert {each.new for each in imported(ledger, charts, by="A", seen=lambda _: None)} == {0}
        assert ledger.tip() == size
        one = ledger.charts()[0]
        last = ledger.records(one.id)[-1]
        ledger.append(one.id, (), saw=one.head, by="B", strikes=[(last.hash, "of another patient")])
        imported(ledger, charts, by="A", seen=lambda _: None)
        assert last.content not in ledger.chart(one.id).to_text()


def test_an_export_fills_a_new_ledger_to_the_last_byte_and_a_backup_is_one(where: str, tmp_path: Path) -> None:
    with opened(where) as ledger:
        imported(
            ledger,
            [(each.name, lambda each=each: eutonia.read(each)) for each in EXAMPLES[:3]],
            by="A",
            seen=lambda _: None,
        )
        keep(ledger, ledger.charts()[2].id, "2026-05-02 09:00", by="A")
        lines = list(exported(ledger))
        with Ledger(tmp_path / "second", create=True) as second:
            assert restored(lines, second) == ledger.tip()[0]
            assert second.records() == ledger.records()
            assert list(exported(second)) == lines
            with pytest.raises(LedgerError, match="not empty"):
                restored(lines, second)
        assert backed_up(ledger, tmp_path / "copy") == ledger.tip()
        assert [each.name for each in tmp_path.iterdir() if "copy" in each.name] == ["copy"]
        with Ledger(tmp_path / "copy") as copy:
            assert verify(copy, ledger.tip()[1]).faults == ()
        with pytest.raises(LedgerError, match="overwrites nothing"):
            backed_up(ledger, tmp_path / "copy")
        # A line less, a letter changed, a line twice: refused, and nothing is written.
        changed = [each.replace("72 kg", "27 kg").replace("mg three", "g three") for each in lines]
        assert changed != lines
        for spoilt in (lines[:-1], changed, [*lines, lines[-1]], ["{}"], ["x"], []):
            with Ledger(tmp_path / "third", create=True) as third:
                with pytest.raises(LedgerError):
                    restored(spoilt, third)
                assert third.tip()[0] == 0


def test_kept_advice_comes_out_again_to_the_same_bytes_and_hides_no_conflict(where: str) -> None:
    with opened(where) as ledger:
        (one,) = imported(ledger, [("x", lambda: eutonia.read(EXAMPLES[1]))], by="A", seen=lambda _: None)
        assert one.chart is not None
        head = ledger.held(one.chart).head
        body, record = keep(ledger, one.chart, "2026-05-02 09:00", by="A")
        assert ledger.advice(record) == body
        assert replayed(ledger, record) == ""
        # Who only asked has changed nothing: a writer who looked before may write.
        ledger.append(one.chart, ["2026-05-02 09:05 weight 70 kg"], saw=head, by="B")
        assert replayed(ledger, record) == ""
        assert not verify(ledger).faults


def test_the_zone_of_a_chart_stays_its_own(where: str) -> None:
    with opened(where) as ledger:
        held = ledger.open(["2026-01-05 09:30 person id A-17; born 1979-04-11"], by="A", zone="Europe/Berlin")
        ledger.append(held.id, ["2026-05-02 13:30 weight 70 kg"], saw=held.head, by="A")
        assert ledger.chart(held.id).events[-1].at == datetime(2026, 5, 2, 11, 30, tzinfo=UTC)
        with pytest.raises(LedgerError, match="has a chart already"):
            ledger.open(["2026-01-05 09:30 person id A-17; born 1979-04-11"], by="A", zone="UTC")


PUMP = [
    *ANN,
    "2026-01-20 10:00 implant SynchroMed II 20 mL; line 0.364 mL; tip T10",
    "2026-02-01 device stall",
    "2026-02-01 10:00 device read out, no alarms",
]


def test_a_day_without_a_time_keeps_its_place_and_counts_again_where_it_stands_elsewhere(where: str) -> None:
    with opened(where) as ledger:
        held = ledger.open(PUMP, by="A")
        # After the read-out, and so another one.
        (again,) = ledger.append(held.id, ["2026-02-01 device stall"], saw=held.head, by="A")
        assert again.n == len(PUMP) + 1
        assert ledger.chart(held.id).hash == eutonia.read("\n".join([*PUMP, "2026-02-01 device stall"]) + "\n").hash
        # Without the read-out it would slide to the beginning of its day.
        read_out = ledger.records(held.id)[5]
        with pytest.raises(LedgerError, match="would move another event of its day, '2026-02-01 device stall'"):
            ledger.append(
                held.id, ["2026-02-01 11:00 contact"], saw=again.hash, by="A", strikes=[(read_out.hash, "slip")]
            )
        assert not verify(ledger).faults


def test_a_file_with_a_day_without_a_time_comes_in_as_it_reads(where: str) -> None:
    more = [*PUMP, "2026-02-01 device stall"]
    with opened(where) as ledger:
        for lines in (PUMP, more, more):
            (taken,) = imported(
                ledger, [("x", lambda lines=lines: eutonia.read("\n".join(lines) + "\n"))], by="A", seen=lambda _: None
            )
            assert not taken.refused
        assert taken.chart is not None
        assert ledger.chart(taken.chart).hash == eutonia.read("\n".join(more) + "\n").hash


@pytest.mark.hazard("H10")
@pytest.mark.parametrize("other", ["born 2018-01-01", "sex male", "name Bob Big"])
def test_another_person_with_the_same_id_is_refused(where: str, other: str) -> None:
    with opened(where) as ledger:
        held = ledger.open(["2026-01-05 09:30 person id 17; born 1979-04-11; sex female; name Ann Small"], by="A")
        line = f"2026-02-05 person id 17; {other}"
        with pytest.raises(ReadError, match="look whether it is the same person"):
            ledger.append(held.id, [line], saw=held.head, by="A")
        (taken,) = imported(
            ledger, [("x", lambda: eutonia.read(f"{line}\n2026-02-05 weight 18 kg\n"))], by="A", seen=lambda _: None
        )
        assert "same person" in taken.refused
        assert ledger.held(held.id) == held


def test_a_retry_of_what_was_struck_since_is_no_success(where: str) -> None:
    with opened(where) as ledger:
        held = ledger.open(ANN, by="A")
        (wrong,) = ledger.append(held.id, ["2026-05-01 10:00 weight 7 kg"], saw=held.head, by="A")
        ledger.append(held.id, (), saw=wrong.hash, by="B", strikes=[(wrong.hash, "wrong patient")])
        with pytest.raises(Conflict, match="wrong patient"):
            ledger.append(held.id, ["2026-05-01 10:00 weight 7 kg"], saw=held.head, by="A")


def test_verify_sees_one_ledger_though_others_write_meanwhile(where: str) -> None:
    with opened(where) as ledger:
        held = ledger.open(ANN, by="A")
    stop = threading.Event()

    def write() -> None:
        with Ledger(where, clock=lambda: NOON) as mine:
            head, n = held.head, 0
            while not stop.is_set():
                head = mine.append(held.id, [f"2026-05-01 10:00 note number {n}"], saw=head, by="W")[-1].hash
                n += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with Ledger(where) as ledger:
            for _ in range(10):
                assert verify(ledger).faults == ()
            heading, *rows = exported(ledger)
            with Ledger(f"{where}-2" if "://" not in where else ":memory:", create=True) as copy:
                if "://" not in where:
                    assert restored([heading, *rows], copy) == len(rows)
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE records SET content = replace(content, 'sha256', 'sha257') WHERE op = 'advice'",
        "UPDATE records SET content = 'x' WHERE op = 'advice'",
        "UPDATE records SET content = x'ff00' WHERE seq = 2",
        "UPDATE records SET op = 'other' WHERE seq = 2",
        "UPDATE kept SET body = 'text'",
        "UPDATE charts SET person = 'B-4'",
        "DELETE FROM charts",
    ],
)
def test_whoever_goes_round_the_ledger_is_found_out_without_a_crash(tmp_path: Path, tampering: str) -> None:
    import sqlite3

    path = tmp_path / "clinic.ledger"
    with opened(str(path)) as ledger:
        held = ledger.open(ANN, by="A")
        keep(ledger, held.id, "2026-05-02 09:00", by="A")
    with sqlite3.connect(path) as connection:
        for name in ("records_update", "records_delete", "kept_update", "kept_delete"):
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(tampering)
    connection.close()
    with Ledger(path) as ledger:
        assert verify(ledger).faults
