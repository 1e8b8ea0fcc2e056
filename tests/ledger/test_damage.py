"""What a ledger survives, and what it at least notices: a killed writer, a torn file, a flipped bit, a full disk."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eutonia.ledger import Ledger, LedgerError
from eutonia.ledger.record import Record
from eutonia.ledger.transfer import exported
from eutonia.ledger.verify import Chain, verify

ANN = ["2026-01-05 09:30 person id A-17; born 1979-04-11; sex female", "2026-01-05 weight 72 kg"]
# So often a writer is killed; `make crash` does it a thousand times.
ROUNDS = int(os.environ.get("EUTONIA_CRASHES", "12"))

# Writes for ever, and says what was acknowledged: in one write, also where output is not buffered, so that no
# acknowledgement is half.
WRITER = """
import sys
from eutonia.ledger import Ledger
with Ledger(sys.argv[1]) as ledger:
    (held,) = ledger.charts()
    head, n = held.head, held.size
    while True:
        records = ledger.append(held.id, [f"2026-05-01 10:00 note number {n}", f"2026-05-01 10:00 note and {n}"], saw=head, by="W")
        head, n = records[-1].hash, n + 2
        sys.stdout.write(f"{records[0].hash} {records[1].hash}\\n")
        sys.stdout.flush()
"""


def opened(path: Path) -> Ledger:
    """A new ledger with one chart."""
    ledger = Ledger(path, create=True)
    ledger.open(ANN, by="A")
    return ledger


@pytest.mark.hazard("H51")
def test_a_killed_writer_loses_nothing_that_was_acknowledged_and_invents_nothing(tmp_path: Path) -> None:
    path, chance = tmp_path / "clinic.ledger", random.Random(1)
    opened(path).close()
    acknowledged: list[str] = []
    for _ in range(ROUNDS):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()
            time.sleep(chance.uniform(0, 0.05))
            writer.send_signal(signal.SIGKILL)
            said = first + writer.stdout.read()
        acknowledged += [hash for line in said.splitlines() for hash in line.split() if len(hash) == 64]
        with Ledger(path) as ledger:
            assert verify(ledger).faults == ()
            kept = [each.hash for each in ledger.records() if each.by == "W"]
            # All of it, in its order; at most one append more, whole, that was not yet acknowledged.
            assert kept[: len(acknowledged)] == acknowledged
            assert len(kept) % 2 == 0
            assert len(kept) - len(acknowledged) in (0, 2)
            acknowledged = kept
    assert len(acknowledged) >= 2 * ROUNDS


@pytest.mark.hazard("H51")
def test_a_log_torn_at_any_byte_leaves_whole_appends_only(tmp_path: Path) -> None:
    path = tmp_path / "clinic.ledger"
    ledger = opened(path)
    (held,) = ledger.charts()
    head, sizes = held.head, [held.size]
    for n in range(3):
        records = ledger.append(
            held.id, [f"2026-05-01 10:0{n} note one", f"2026-05-01 10:0{n} note two"], saw=head, by="A"
        )
        head = records[-1].hash
        sizes.append(sizes[-1] + 2)
    # As it is on the disk at this moment, before anything is tidied away.
    main, log = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    ledger.close()
    assert len(log) > 10_000
    torn, met = tmp_path / "torn", set()
    for end in [*range(0, len(log), 331), *range(len(log) - 64, len(log) + 1)]:
        torn.write_bytes(main)
        Path(f"{torn}-wal").write_bytes(log[:end])
        Path(f"{torn}-shm").unlink(missing_ok=True)
        try:
            with Ledger(torn) as found:
                checked = verify(found)
        except LedgerError:
            # Before the tables were there.
            met.add(0)
            continue
        assert checked.faults == ()
        met.add(checked.records)
    assert met <= {0, *sizes}
    assert {sizes[0], sizes[-1]} <= met


def test_a_flipped_bit_is_found_and_located(tmp_path: Path) -> None:
    path = tmp_path / "clinic.ledger"
    with opened(path) as ledger:
        (held,) = ledger.charts()
        ledger.append(held.id, [f"2026-05-01 10:00 note number {n}" for n in range(200)], saw=held.head, by="A")
        records = ledger.records()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    whole = path.read_bytes()
    chance = random.Random(2)
    for record in (records[0], records[1], records[57], records[-1]):
        text = "".join(getattr(record, name) for name in ("op", "content", "by", "entered", "before", "hash", "over"))
        at = whole.find(text.encode())
        assert at > 0
        for k in [0, len(record.op), *(chance.randrange(len(text)) for _ in range(10))]:
            spoilt = bytearray(whole)
            spoilt[at + k] ^= 1 << chance.randrange(8)
            path.write_bytes(bytes(spoilt))
            with Ledger(path) as ledger:
                faults = verify(ledger).faults
            assert faults
            assert record.seq in {each.seq for each in faults} or "damaged" in faults[0].says, (k, faults)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1))
def test_whatever_is_done_to_the_records_the_chain_says_where(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "clinic.ledger"
    if not path.exists():
        with opened(path) as ledger:
            (held,) = ledger.charts()
            ledger.append(held.id, [f"2026-05-01 10:00 note number {n}" for n in range(20)], saw=held.head, by="A")
    with Ledger(path) as ledger:
        records = list(ledger.records())
    chance = random.Random(seed)
    n = chance.randrange(len(records) - 1)
    kind = chance.choice(["change", "drop", "swap", "double"])
    if kind == "change":
        name = chance.choice([each for each in Record.__struct_fields__ if each not in ("seq", "n")])
        old = getattr(records[n], name)
        k = chance.randrange(len(old))
        changed = old[:k] + chr(ord(old[k]) ^ 1) + old[k + 1 :]
        records[n] = Record(**{each: changed if each == name else getattr(records[n], each) for each in Record.__struct_fields__})  # fmt: skip
    elif kind == "drop":
        del records[n]
    elif kind == "swap":
        records[n], records[n + 1] = records[n + 1], records[n]
    else:
        records.insert(n, records[n])
    chain = Chain()
    for each in records:
        chain.take(each)
    assert chain.faults
    # At the place itself, or at the next record.
    assert abs((chain.faults[0].seq or 0) - (n + 1)) <= 1


def test_an_end_that_was_cut_off_is_seen_by_who_noted_it(tmp_path: Path) -> None:
    path = tmp_path / "clinic.ledger"
    with opened(path) as ledger:
        early = ledger.tip()[1]
        shutil.copy(path, tmp_path / "before")
        shutil.copy(f"{path}-wal", tmp_path / "before-wal")
        (held,) = ledger.charts()
        ledger.append(held.id, ["2026-05-01 10:00 note more"], saw=held.head, by="A")
        late = ledger.tip()[1]
        assert verify(ledger, early).faults == ()
    with Ledger(tmp_path / "before") as cut:
        assert verify(cut, early).faults == ()
        (fault,) = verify(cut, late).faults
        assert "cut off" in fault.says


@contextmanager
def full(ledger: Ledger) -> Iterator[None]:
    """As if the disk had no room for another page."""
    from sqlalchemy import event

    def small(connection: sqlite3.Connection, *_: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    ledger.engine.dispose()
    event.listen(ledger.engine, "connect", small)
    try:
        yield
    finally:
        event.remove(ledger.engine, "connect", small)
        ledger.engine.dispose()


@pytest.mark.hazard("H51")
def test_a_full_disk_and_one_that_can_only_be_read_give_a_clear_word(tmp_path: Path) -> None:
    path = tmp_path / "clinic.ledger"
    with opened(path) as ledger:
        (held,) = ledger.charts()
        before = ledger.records()
        lines = [f"2026-05-01 10:00 note number {n} {'x' * 100}" for n in range(500)]
        with full(ledger), pytest.raises(LedgerError, match="the disk is full: nothing was written"):
            ledger.append(held.id, lines, saw=held.head, by="A")
        assert ledger.records() == before
        ledger.append(held.id, lines, saw=held.head, by="A")
        assert verify(ledger).faults == ()
    with Ledger(f"sqlite:///file:{path}?mode=ro&uri=true") as ledger:
        head = ledger.held(held.id).head
        assert len(ledger.records()) == 503
        with pytest.raises(LedgerError, match="it can only be read: nothing was written"):
            ledger.append(held.id, ["2026-05-01 10:00 note x"], saw=head, by="A")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no ledger"),
        (b"not a database, but long enough for its header to be read" * 20, "no SQLite database"),
    ],
)
def test_a_file_that_is_no_ledger_is_left_alone(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(LedgerError, match=says):
        Ledger(path)
    assert path.read_bytes() == content


def test_another_database_or_a_newer_ledger_is_left_alone(tmp_path: Path) -> None:
    for name, made, says in (
        ("other", "CREATE TABLE people (id INTEGER)", "something else than a ledger"),
        (
            "newer",
            "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('9999')",
            "newer",
        ),
    ):
        with sqlite3.connect(tmp_path / name) as connection:
            connection.executescript(made)
        connection.close()
        for create in (False, True):
            with pytest.raises(LedgerError, match=says):
                Ledger(tmp_path / name, create=create)
    with pytest.raises(LedgerError, match="is not there"):
        Ledger(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_an_export_says_what_it_is(tmp_path: Path) -> None:
    with opened(tmp_path / "clinic.ledger") as ledger:
        heading, *_ = exported(ledger)
    assert '"eutonia":"ledger"' in heading
