"""The list of staff and the trail of accesses, for who keeps them."""

from __future__ import annotations

from starlette.responses import Response

from eutonia.clinic import ROLES, StaffError
from eutonia.doors.web.ways import Asked, Refused

_SHOWN = 300


def staff(asked: Asked) -> Response:
    """Who may sign in, with which role."""
    return _list(asked)


def change(asked: Asked) -> Response:
    """Adds somebody, changes a role or a password, or takes somebody off the list."""
    found, name, do = asked.office.staff, asked.said("name"), asked.said("do")
    role, password = asked.said("role"), asked.form.get("password", "")
    try:
        if do == "add":
            found.add(name, asked.said("shown"), role, password)  # type: ignore[arg-type]
        elif do == "role":
            found.change(name, role=role)  # type: ignore[arg-type]
        elif do == "password":
            found.change(name, password=password)
        elif do == "remove":
            found.remove(name)
        else:
            raise Refused(422, "It is not said what to do. Nothing was changed.")
    except StaffError as error:
        return _list(asked, f"{error}. Nothing was changed.")
    asked.note({"add": f"added {name} as {role}", "role": f"made {name} a {role}"}.get(do, f"{do}: {name}"))
    return asked.see("/login" if name == asked.who.member.name else "/staff")


def trail(asked: Asked) -> Response:
    """The newest accesses, and whether the trail is whole."""
    asked.note("looked at the trail")
    many, end = asked.office.trail.end()
    faults = asked.office.trail.faults()
    return asked.page("trail.html", accesses=asked.office.trail.last(_SHOWN), faults=faults, many=many, end=end)


def _list(asked: Asked, says: str = "") -> Response:
    return asked.page(
        "staff.html", 422 if says else 200, everyone=asked.office.staff.everyone(), roles=ROLES, says=says
    )
