"""Signing in and out, one's own password, and one's own calendar feed."""

from __future__ import annotations

from starlette.responses import Response

from eutonia.clinic import StaffError
from eutonia.doors.web.gate import COOKIE, remember
from eutonia.doors.web.ways import KEEP_STAFF, Asked


def door(asked: Asked) -> Response:
    """The page on which one signs in."""
    if asked.session is not None:
        return asked.see("/")
    return asked.page("sign.html", name="", says="", directory=_directory(asked))


def sign_in(asked: Asked) -> Response:
    """Signs in; a name and a password that do not fit are told so, and nothing more."""
    name = asked.said("name").lower()
    try:
        key, session = asked.office.staff.sign_in(name, asked.form.get("password", ""), _address(asked))
    except StaffError as error:
        # Not the name as it was typed: people type their passwords there.
        known = name if name in {each.name for each in asked.office.staff.everyone()} else "somebody unknown"
        asked.office.note(known, "was not let in")
        return asked.page("sign.html", 403, name=name, says=str(error), directory=_directory(asked))
    asked.office.note(session.member.name, "signed in")
    return remember(asked.see("/"), key, asked.request)


def sign_out(asked: Asked) -> Response:
    """Signs out."""
    asked.office.staff.sign_out(asked.request.cookies.get(COOKIE, ""))
    asked.note("signed out")
    return _out(asked)


def home(asked: Asked) -> Response:
    """Where one begins: the panel, or the list of staff for who sees no chart."""
    return asked.see("/staff" if asked.may(KEEP_STAFF) else "/panel")


def account(asked: Asked) -> Response:
    """One's own page."""
    return asked.page("account.html", says="")


def password(asked: Asked) -> Response:
    """Changes one's own password; the old one is asked for, and everybody under the name is signed out."""
    member = asked.who.member
    if asked.form.get("new", "") != asked.form.get("again", ""):
        return asked.page(
            "account.html", 422, says="The new password was not typed twice the same. Nothing was changed."
        )
    try:
        key, _ = asked.office.staff.sign_in(member.name, asked.form.get("old", ""), _address(asked))
        asked.office.staff.sign_out(key)
        asked.office.staff.change(member.name, password=asked.form.get("new", ""))
    except StaffError as error:
        return asked.page("account.html", 422, says=f"{error}. Nothing was changed.")
    asked.note("changed their password")
    return _out(asked)


def _out(asked: Asked) -> Response:
    """To the page to sign in, with nothing left behind in the browser."""
    answer = asked.see("/login")
    answer.delete_cookie(COOKIE)
    answer.headers["clear-site-data"] = '"cache"'
    return answer


def _directory(asked: Asked) -> str:
    """The directory through which one may sign in as well; empty where there is none."""
    found = asked.request.app.state.openid
    return "" if found is None else str(found.name)


def _address(asked: Asked) -> str:
    """From where it is asked."""
    return asked.request.client.host if asked.request.client else ""
