"""The commands `eutonia serve` and `eutonia staff`: the workbench in a browser, and who may use it."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import click

from eutonia.doors.ledger import LEDGER, opened
from eutonia.doors.options import AS_JSON, JURISDICTION, ZONE, give_up, print_json, several

_MISSING = "the workbench needs more than the base install: pip install 'eutonia[serve]'"


@click.command()
@several(LEDGER, JURISDICTION, ZONE)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any that is free.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--url", help="The address that others use, behind a proxy: such as https://eutonia.example.")
@click.option(
    "--trust", type=click.Path(path_type=Path), help="Which record systems may call (JSON, docs/cds-hooks.md)."
)
@click.option(
    "--openid",
    "provider",
    type=click.Path(path_type=Path),
    help="A directory to sign in through (JSON, docs/workbench.md).",
)
@click.option("--demo", is_flag=True, help="A clinic of made-up patients in a ledger that is gone afterwards.")
@click.option("--now", help="With --demo: begin at this moment, such as '2026-05-02 09:00'.")
def serve(
    where: str,
    jurisdiction: str,
    zone: str | None,
    port: int,
    host: str,
    url: str | None,
    trust: Path | None,
    provider: Path | None,
    demo: bool,
    now: str | None,
) -> None:
    """Serve the workbench: the panel, each chart, what-if, and writing with a second person.

    It listens on this machine alone. For others put a proxy with HTTPS before it, and name its address with --url.
    """
    try:
        import uvicorn

        from eutonia.doors.web.app import NOBODY, application
        from eutonia.doors.web.memory import keep_memory
        from eutonia.doors.web.office import Office
        from eutonia.doors.web.openid import OpenId, read_provider
        from eutonia.doors.web.records import read_trust
    except ModuleNotFoundError as error:
        give_up(f"{_MISSING} (missing: {error.name})")
    if now is not None and not demo:
        raise click.UsageError("--now is for the demo: a clinic's clock is the machine's")
    if url is not None and not _address(url):
        raise click.UsageError(f"--url '{url}' is no address; write it such as https://eutonia.example")
    hosts = {"127.0.0.1", "localhost", host, urlsplit(url or "").hostname or "localhost"} - {"0.0.0.0", "::"}
    try:
        trusted = read_trust(trust) if trust is not None else NOBODY
        directory = read_provider(provider) if provider is not None else None
    except ValueError as error:
        give_up(str(error))
    with ExitStack() as stack:
        clock, people = None, ""
        if demo:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="eutonia-demo-")))
            where, clock = str(folder / "demo.ledger"), _from(now)
            people = _furnish(where, clock)
        try:
            office = Office(
                where, jurisdiction=jurisdiction.upper(), zone=zone or "UTC", clock=clock, workers=os.cpu_count() or 1
            )
        except Exception as error:
            give_up(str(error))
        stack.callback(office.ledger.close)
        if not office.staff.everyone():
            give_up(
                f"nobody may sign in yet: eutonia staff add NAME --shown 'N. Name' --role administrator --ledger {where}"
            )
        # Bound before anything is said, so that the address that is printed answers.
        config = uvicorn.Config(
            "", host=host, port=port, log_level="warning", access_log=False, server_header=False,
            proxy_headers=url is not None, timeout_graceful_shutdown=5, timeout_keep_alive=75,
        )  # fmt: skip
        try:
            socket = config.bind_socket()
        except SystemExit:
            give_up(f"{host}:{port} cannot be listened on; another port: --port 0 takes any that is free")
        here = f"http://{host}:{socket.getsockname()[1]}"
        alone = url is None and host in ("127.0.0.1", "localhost", "::1")
        try:
            through = OpenId(directory, url or here) if directory is not None else None
        except ValueError as error:
            give_up(str(error))
        config.app = application(
            office, hosts=tuple(hosts), url=url or here, trust=trusted, alone=alone, directory=through
        )
        click.echo(f"The workbench: {here}/   (Ctrl-C ends it)\n{people}")
        if not alone and not trusted.clients:
            click.echo("CDS Hooks is not served: --trust names no record system that may call.")
        keep_memory()
        uvicorn.Server(config).run(sockets=[socket])


@click.group()
def staff() -> None:
    """Keep the list of those who may use the workbench."""


@staff.command("list")
@several(LEDGER, AS_JSON)
def list_(where: str, as_json: bool) -> None:
    """Name everybody who may sign in."""
    with opened(where) as ledger:
        everyone = _staff(ledger).everyone()
    if as_json:
        print_json([{"name": e.name, "shown": e.shown, "role": e.role, "locked": e.locked} for e in everyone])
        return
    for each in everyone:
        click.echo(f"{each.name}  {each.shown}  {each.role}{'  locked for a while' if each.locked else ''}")


@staff.command()
@click.argument("name")
@click.option("--shown", required=True, help="The name that stands on charts.")
@click.option("--role", required=True, type=click.Choice(["reader", "clinician", "checker", "administrator"]))
@click.option("--password", help="Asked for where it is not given.")
@click.option("--no-password", is_flag=True, help="For who signs in through a directory alone.")
@LEDGER
def add(name: str, shown: str, role: str, password: str | None, no_password: bool, where: str) -> None:
    """Add somebody, to a new ledger too."""
    if no_password:
        password = secrets.token_urlsafe(32)
    elif password is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with opened(where, create=True) as ledger:
        _staff(ledger).add(name, shown, role, password)
    click.echo(f"{name} may sign in as {role}.")


@staff.command()
@click.argument("name")
@click.option(
    "--password", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for where it is not given."
)
@LEDGER
def password(name: str, password: str, where: str) -> None:
    """Give somebody a new password; it also unlocks."""
    with opened(where) as ledger:
        _staff(ledger).change(name, password=password)
    click.echo(f"{name} has a new password.")


def _staff(ledger: Any) -> Any:
    try:
        from eutonia.clinic import Staff
    except ModuleNotFoundError as error:
        give_up(f"{_MISSING} (missing: {error.name})")
    return Staff(ledger)


def _address(url: str) -> bool:
    """Whether it is the address of a server and nothing more: callers sign exactly it."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.hostname) and url == f"{parts.scheme}://{parts.netloc}"


def _from(now: str | None) -> Any:
    """A clock that begins at a moment and runs on; the machine's where none is given."""
    if now is None:
        return None
    begun, started = datetime.fromisoformat(now), monotonic()
    begun = begun if begun.tzinfo else begun.replace(tzinfo=UTC)
    return lambda: begun + timedelta(seconds=monotonic() - started)


def _furnish(where: str, clock: Any) -> str:
    """Furnishes the demo clinic; who may sign in."""
    from eutonia.doors.web.demo import PEOPLE, furnish
    from eutonia.doors.web.shelf import EXAMPLES
    from eutonia.ledger import Ledger

    with Ledger(where, create=True, clock=clock) as ledger:
        passwords = furnish(ledger, EXAMPLES.glob("*.chart"), ledger.clock())
    rows = [f"  {role:<14} {name:<8} {passwords[name]}   ({shown})" for name, shown, role in PEOPLE]
    return "\n".join(["A demo clinic of made-up patients; nothing of it stays. Sign in as:", *rows])
