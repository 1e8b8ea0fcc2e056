"""A misspelled or missing key never leaves a service open or a check off: over every reader of a file of settings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from joserfc.jwk import ECKey

import eutonia
from eutonia.chart.facts import Facts
from eutonia.chart.text import ReadError
from eutonia.cohort.study import StudyError, read_study
from eutonia.doors.cli import main
from eutonia.doors.hooks import Trust
from eutonia.doors.web.openid import Provider, read_provider
from eutonia.doors.web.records import read_trust
from eutonia.doors.web.settings import read_settings
from eutonia.knowledge import book
from eutonia.predict.events import read_events
from eutonia.pump.verify import read_back
from tests.charts import FILLED

HERE = Path(__file__).parents[2]
KEYS = {"keys": [ECKey.generate_key("P-384", parameters={"kid": "k1"}).as_dict(private=False)]}
CLIENT = {"iss": "https://record.example", "jku": "https://record.example/jwks"}
TRUST = {"clients": [CLIENT], "fhir_servers": ["https://fhir.example/r4"], "leeway_s": 5}
PROVIDER = {"issuer": "https://directory.example", "client_id": "eutonia", "client_secret": "s3cret-value", "claim": "name"}  # fmt: skip


def without(settings: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in settings.items() if key != name}


def written(path: Path, settings: object) -> Path:
    path.write_text(settings if isinstance(settings, str) else json.dumps(settings))
    return path


@pytest.mark.parametrize("more", [{}, {"fhir_servers": []}, {"leeway_s": 0}])
@pytest.mark.parametrize("client", [CLIENT, {"iss": "https://other.example", "keys": KEYS}])
def test_a_complete_trust_file_is_read(tmp_path: Path, client: dict[str, object], more: dict[str, object]) -> None:
    trust = read_trust(written(tmp_path / "trust.json", {**TRUST, "clients": [client], **more}))
    assert [each.iss for each in trust.clients] == [client["iss"]]


WRONG_TRUST = {
    "client for clients": ({"client": []}, "unknown field `client`"),
    "client for clients, with a client": ({"client": [CLIENT]}, "unknown field `client`"),
    "Clients": ({"Clients": [CLIENT]}, "unknown field `Clients`"),
    "clients and a misspelled second key": ({**TRUST, "fhirservers": []}, "unknown field `fhirservers`"),
    "no clients": (without(TRUST, "clients"), "'clients' is missing or empty"),
    "empty": ({}, "'clients' is missing or empty"),
    "an empty list of clients": ({"clients": []}, "'clients' is missing or empty"),
    "clients null": ({"clients": None}, "clients"),
    "a list": ([CLIENT], "object"),
    "a client without iss": ({"clients": [without(CLIENT, "iss")]}, "`iss`"),
    "a client with an empty iss": ({"clients": [{**CLIENT, "iss": " "}]}, "empty 'iss'"),
    "a client without keys": ({"clients": [without(CLIENT, "jku")]}, "either 'jku' or 'keys'"),
    "a client with empty keys": ({"clients": [{"iss": "https://a.example", "keys": {}}]}, "either 'jku' or 'keys'"),
    "a key set without keys": ({"clients": [{"iss": "https://a.example", "keys": {"keys": []}}]}, "key set"),
    "a key set that is none": ({"clients": [{"iss": "https://a.example", "keys": {"key": KEYS["keys"]}}]}, "key set"),
    "jku and keys": ({"clients": [{**CLIENT, "keys": KEYS}]}, "either 'jku' or 'keys'"),
    "jwks for keys": ({"clients": [{"iss": "https://a.example", "jwks": KEYS}]}, "unknown field `jwks`"),
    "keys over http": ({"clients": [{**CLIENT, "jku": "http://record.example/jwks"}]}, "https"),
    "keys nowhere": ({"clients": [{**CLIENT, "jku": "https://"}]}, "https"),
    "two clients of one name": ({"clients": [CLIENT, {**CLIENT, "jku": "https://b.example"}]}, "the same 'iss'"),
    "a FHIR server over http": ({**TRUST, "fhir_servers": ["http://fhir.example"]}, "https"),
    "leeway of a day": ({**TRUST, "leeway_s": 86400}, "'leeway_s' is from 0 to 60"),
    "leeway in words": ({**TRUST, "leeway_s": "5"}, "leeway_s"),
    "clients twice": ('{"clients": [{"iss": "https://a.example", "jku": "https://a.example/k"}], "clients": []}', "stands twice"),
    "no JSON": ('{"clients": [', "not JSON"),
}  # fmt: skip
WRONG_PROVIDER = {
    "issuer misspelled": ({**without(PROVIDER, "issuer"), "isuer": "https://directory.example"}, "unknown field `isuer`"),
    "a key more": ({**PROVIDER, "clam": "email"}, "unknown field `clam`"),
    "no issuer": (without(PROVIDER, "issuer"), "issuer"),
    "no client id": (without(PROVIDER, "client_id"), "client_id"),
    "no secret": (without(PROVIDER, "client_secret"), "client_secret"),
    "an empty secret": ({**PROVIDER, "client_secret": ""}, "'client_secret' is empty"),
    "an empty claim": ({**PROVIDER, "claim": " "}, "'claim' is empty"),
    "issuer twice": (json.dumps(PROVIDER).replace("{", '{"issuer": "https://a.example", ', 1), "stands twice"),
    "a number": (7, "object"),
}  # fmt: skip


@pytest.mark.hazard("H76")
@pytest.mark.parametrize("name", WRONG_TRUST)
def test_a_trust_file_that_is_not_complete_is_refused_with_its_name(tmp_path: Path, name: str) -> None:
    settings, message = WRONG_TRUST[name]
    with pytest.raises(ValueError, match=f"trust\\.json: .*{re.escape(message)}"):
        read_trust(written(tmp_path / "trust.json", settings))


@pytest.mark.hazard("H76")
@pytest.mark.parametrize("name", WRONG_PROVIDER)
def test_a_directory_file_that_is_not_complete_is_refused_without_its_secret(tmp_path: Path, name: str) -> None:
    settings, message = WRONG_PROVIDER[name]
    with pytest.raises(ValueError, match=f"openid\\.json: .*{re.escape(message)}") as error:
        read_provider(written(tmp_path / "openid.json", settings))
    assert "s3cret" not in str(error.value)


STUDY = (HERE / "examples" / "studies").glob("*.toml")
CHART = eutonia.read(FILLED)
FACTS = Facts(CHART, CHART.moment("2026-05-02 09:00"), book("US"))


def _study(path: Path) -> object:
    return read_study(path.read_text())


def _read_back(path: Path) -> object:
    return read_back(path.read_text(), str(path), FACTS)


def _events(path: Path) -> object:
    return read_events(path, "adult")


OTHER: dict[str, tuple[Callable[[Path], object], str, tuple[str, str], type[Exception]]] = {
    "study": (_study, next(iter(sorted(STUDY))).read_text("utf-8"), ("people =", "peeple ="), StudyError),
    "read-back": (_read_back, "strength 500 mcg/mL\nalarm 4 mL\n", ("alarm", "alarms"), ReadError),
    "events": (_events, "ID,TIME,AMT,EVID,AGE,WT,CRCL\n1,0,5,1,40,70,100\n", ("CRCL", "CRLC"), ValueError),
}


@pytest.mark.hazard("H76")
@pytest.mark.parametrize("name", OTHER)
def test_every_other_file_that_is_given_to_a_command_refuses_an_unknown_key(tmp_path: Path, name: str) -> None:
    reader, text, (right, wrong), error = OTHER[name]
    path = tmp_path / "given"
    path.write_text(text)
    reader(path)
    assert right in text
    path.write_text(text.replace(right, wrong, 1))
    with pytest.raises(error):
        reader(path)


@pytest.mark.hazard("H76")
@pytest.mark.parametrize("kind", [Trust, Provider])
def test_settings_are_read_into_nothing_that_accepts_an_unknown_key(tmp_path: Path, kind: type) -> None:
    from msgspec import Struct

    class Lax(Struct):
        name: str = ""

    assert kind.__struct_config__.forbid_unknown_fields
    with pytest.raises(TypeError, match="accepts unknown keys"):
        read_settings(written(tmp_path / "lax.json", {"nmae": ""}), Lax, "'name'")


@pytest.mark.hazard("H76")
@pytest.mark.parametrize(("option", "settings"), [("--trust", {"client": []}), ("--openid", {"isuer": "x"})])
def test_the_server_does_not_start_with_a_misspelled_key(
    tmp_path: Path, option: str, settings: dict[str, object]
) -> None:
    path = written(tmp_path / "settings.json", settings)
    answer = CliRunner().invoke(main, ["serve", "--demo", "--port", "0", option, str(path)])
    assert answer.exit_code == 2
    assert "unknown field" in answer.output
    assert "The workbench:" not in answer.output


@pytest.mark.hazard("H76")
@pytest.mark.parametrize("url", ["eutonia.example", "https://", "https://eutonia.example/path", "https://eutonia.example/", "https://a.example:x"])  # fmt: skip
def test_the_server_does_not_start_with_an_address_that_is_none(url: str) -> None:
    answer = CliRunner().invoke(main, ["serve", "--demo", "--port", "0", "--url", url])
    assert answer.exit_code == 2
    assert "is no address" in answer.output
