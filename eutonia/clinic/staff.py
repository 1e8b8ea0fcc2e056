"""Who may work with the ledger: names, roles, passwords, and who is signed in.

A password is kept as its argon2 hash, a session as the hash of its key: whoever reads the database can sign in as nobody.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct
from sqlalchemy import Connection, delete, select

from eutonia.clinic.tables import MISSES, SESSIONS, STAFF
from eutonia.ledger import Ledger, LedgerError
from eutonia.ledger.record import stamp

# A reader looks; a clinician also acts; a second checker also enters what another person entered; an administrator keeps
# the list of staff and reads who looked at what, and sees no chart.
Role = Literal["reader", "clinician", "checker", "administrator"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

# After so many wrong passwords for a name from one address nobody signs in under it from there for so long: whoever only
# knows a name cannot keep its owner out from elsewhere.
TRIES: Final = 5
LOCKED_FOR: Final = timedelta(minutes=15)
# A session ends when nothing was asked for so long, and after a long shift whatever was asked.
IDLE: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=12)
SHORTEST: Final = 12
_NAME: Final = re.compile(r"[a-z][a-z0-9._-]{0,62}")
# A name that stands on charts holds what can be seen, and no ';'.
_SHOWN: Final = re.compile(r"[^;#]{1,80}")


class StaffError(LedgerError):
    """What was asked of the list of staff cannot be done; nothing was changed."""


class Member(Struct, frozen=True):
    """One of the staff: the name to sign in with, the name that is shown and kept, the role, and the key of the calendar feed."""

    name: str
    shown: str
    role: Role
    feed: str
    locked: bool = False


class Session(Struct, frozen=True):
    """Somebody who is signed in; `form` is what each form must carry."""

    member: Member
    form: str


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    """The hash of a password that nobody has: a name that is not known takes as long to refuse as one that is."""
    return _hasher().hash(secrets.token_urlsafe())


class Staff:
    """The list of staff of a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def everyone(self) -> tuple[Member, ...]:
        """All of the staff, by name."""
        now = self.ledger.now()
        with self.ledger.looking() as connection:
            rows = connection.execute(select(STAFF).order_by(STAFF.c.name)).all()
            locked = set(connection.execute(select(MISSES.c.name).where(MISSES.c.locked > stamp(now))).scalars())
        return tuple(_member(row, row.name in locked) for row in rows)

    def add(self, name: str, shown: str, role: Role, password: str) -> Member:
        """Adds somebody.  Raises StaffError where the name is taken or not fit, or the password too short."""
        if not _NAME.fullmatch(name):
            raise StaffError(f"'{name}' is no name to sign in with; write small letters, digits, '.', '-' or '_'")
        if role not in ROLES:
            raise StaffError(f"'{role}' is no role; one of {', '.join(ROLES)}")
        shown = " ".join(shown.split())
        if not _SHOWN.fullmatch(shown) or not shown.isprintable():
            raise StaffError(
                "the name that is shown stands on charts: 1 to 80 characters that can be seen, no ';' or '#'"
            )
        row = {"name": name, "shown": shown, "role": role, "password": _hashed(password), "feed": _key()}
        with self.ledger.adding() as connection:
            if _row(connection, name) is not None:
                raise StaffError(f"'{name}' is taken")
            if connection.execute(select(STAFF.c.name).where(STAFF.c.shown == shown)).first() is not None:
                raise StaffError(f"'{shown}' is somebody else's name on charts")
            connection.execute(STAFF.insert(), row)
        return Member(name, shown, role, row["feed"])

    def change(self, name: str, *, role: Role | None = None, password: str | None = None) -> None:
        """Changes a role or a password, and unlocks; whoever is signed in is signed out, and the calendar has a new key."""
        new = {"feed": _key()}
        if role is not None:
            if role not in ROLES:
                raise StaffError(f"'{role}' is no role; one of {', '.join(ROLES)}")
            new["role"] = role
        if password is not None:
            new["password"] = _hashed(password)
        with self.ledger.adding() as connection:
            self._known(connection, name)
            if role is not None and role != "administrator":
                self._not_the_last(connection, name)
            connection.execute(STAFF.update().where(STAFF.c.name == name).values(**new))
            for table in (SESSIONS, MISSES):
                connection.execute(delete(table).where(table.c.name == name))

    def remove(self, name: str) -> None:
        """Takes somebody off the list; what they wrote stays under their name."""
        with self.ledger.adding() as connection:
            self._known(connection, name)
            self._not_the_last(connection, name)
            connection.execute(delete(STAFF).where(STAFF.c.name == name))
            connection.execute(delete(SESSIONS).where(SESSIONS.c.name == name))

    def of_feed(self, feed: str) -> Member | None:
        """Whose calendar feed this is."""
        with self.ledger.looking() as connection:
            row = connection.execute(select(STAFF).where(STAFF.c.feed == feed)).one_or_none()
        return None if row is None else _member(row)

    # -- signing in ----------------------------------------------------------------------------------------------------

    def sign_in(self, name: str, password: str, address: str = "") -> tuple[str, Session]:
        """The key of a new session, and the session.  Raises StaffError, which says no more than that it did not work.

        address: from where it is tried.
        """
        now = self.ledger.now()
        here = (MISSES.c.name == name) & (MISSES.c.address == address[:64])
        with self.ledger.looking() as connection:
            row = _row(connection, name)
            until = connection.execute(select(MISSES.c.locked).where(here)).scalar() or ""
        # Also for a name that is locked or not known, so that the time it takes tells nothing.
        fits = _fits(_nobody() if row is None else row.password, password)
        if row is None or until > stamp(now) or not fits:
            if row is not None and until <= stamp(now):
                self._missed(name, address[:64], now)
            raise StaffError(
                f"name and password do not fit, or were wrong {TRIES} times: after that nobody signs in under a name "
                f"for {LOCKED_FOR.seconds // 60} minutes, unless an administrator unlocks it"
            )
        with self.ledger.adding() as connection:
            connection.execute(delete(MISSES).where(here))
            return self._begun(connection, row)

    def enter(self, name: str) -> tuple[str, Session]:
        """A session for somebody whom another directory has named.  Raises StaffError where the name is not on this list."""
        with self.ledger.adding() as connection:
            row = _row(connection, name)
            if row is None:
                raise StaffError("the directory knows you, and the list of staff here does not")
            return self._begun(connection, row)

    def _begun(self, connection: Connection, row: Any) -> tuple[str, Session]:
        """Begins a session, and does away with those that are over."""
        key, now = _key(), self.ledger.now()
        begun = {"key": _digest(key), "name": row.name, "form": _key(), "begun": stamp(now), "seen": stamp(now)}
        over = (SESSIONS.c.seen < stamp(now - IDLE)) | (SESSIONS.c.begun < stamp(now - LONGEST))
        connection.execute(delete(SESSIONS).where(over))
        connection.execute(SESSIONS.insert(), begun)
        return key, Session(_member(row), begun["form"])

    def session(self, key: str) -> Session | None:
        """The session with a key, none where it is over."""
        now = self.ledger.now()
        asked = (
            select(SESSIONS, STAFF).join(STAFF, STAFF.c.name == SESSIONS.c.name).where(SESSIONS.c.key == _digest(key))
        )
        with self.ledger.looking() as connection:
            row = connection.execute(asked).one_or_none()
        if row is None or row.seen < stamp(now - IDLE) or row.begun < stamp(now - LONGEST):
            return None
        # Not with every request: a minute is fine enough to end what is idle.
        if row.seen < stamp(now - timedelta(minutes=1)):
            with self.ledger.adding() as connection:
                connection.execute(SESSIONS.update().where(SESSIONS.c.key == _digest(key)).values(seen=stamp(now)))
        return Session(_member(row), row.form)

    def sign_out(self, key: str) -> None:
        """Ends a session."""
        with self.ledger.adding() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.key == _digest(key)))

    # -- behind it -----------------------------------------------------------------------------------------------------

    def _missed(self, name: str, address: str, now: datetime) -> None:
        here = (MISSES.c.name == name) & (MISSES.c.address == address)
        with self.ledger.adding() as connection:
            failed = 1 + (connection.execute(select(MISSES.c.failed).where(here)).scalar() or 0)
            locked = stamp(now + LOCKED_FOR) if failed >= TRIES else ""
            connection.execute(delete(MISSES).where(here))
            row = {"name": name, "address": address, "failed": 0 if locked else failed, "locked": locked}
            connection.execute(MISSES.insert(), row)

    @staticmethod
    def _known(connection: Connection, name: str) -> Any:
        row = _row(connection, name)
        if row is None:
            raise StaffError(f"'{name}' is not on the list of staff")
        return row

    @staticmethod
    def _not_the_last(connection: Connection, name: str) -> None:
        others = select(STAFF.c.name).where(STAFF.c.role == "administrator", STAFF.c.name != name)
        was = select(STAFF.c.name).where(STAFF.c.role == "administrator", STAFF.c.name == name)
        if connection.execute(was).first() is not None and connection.execute(others).first() is None:
            raise StaffError(f"'{name}' is the last administrator: make somebody else one first")


def _member(row: Any, locked: bool = False) -> Member:
    return Member(row.name, row.shown, row.role, row.feed, locked)


def _key() -> str:
    return secrets.token_urlsafe(32)


def _row(connection: Connection, name: str) -> Any:
    return connection.execute(select(STAFF).where(STAFF.c.name == name)).one_or_none()


def _hashed(password: str) -> str:
    if len(password) < SHORTEST:
        raise StaffError(f"a password has at least {SHORTEST} characters")
    return _hasher().hash(password)


def _fits(hash: str, password: str) -> bool:
    try:
        return _hasher().verify(hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
