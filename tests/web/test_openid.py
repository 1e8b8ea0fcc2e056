"""Signing in through a directory: who it names comes in, where the name is on the list; anything else about it is refused."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.testclient import TestClient

from eutonia.doors.web.app import application
from eutonia.doors.web.openid import OpenId, Provider, read_provider

BASE = "http://127.0.0.1:8000"
ISSUER = "https://directory.example"
PROVIDER = Provider(ISSUER, "eutonia", "a secret")
KEY = RSAKey.generate_key(2048, {"kid": "d1"})
OTHER = RSAKey.generate_key(2048, {"kid": "d1"})


class Directory:
    """A directory that keeps to the protocol, unless a test has it do otherwise."""

    def __init__(self) -> None:
        self.asked: dict[str, str] = {}
        self.claims: dict[str, Any] = {"preferred_username": "Dale"}
        self.key, self.status, self.issuer = KEY, 200, ISSUER

    def seen(self, address: str) -> str:
        """Somebody comes to the page of the directory, and goes back with this query."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        return f"state={self.asked['state']}&code=c0de"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/.well-known/openid-configuration":
            return httpx.Response(200, json={
                "issuer": self.issuer, "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token", "jwks_uri": f"{ISSUER}/keys",
            })  # fmt: skip
        if request.url.path == "/keys":
            return httpx.Response(200, json=KeySet([KEY]).as_dict(private=False))
        said = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        assert request.headers["authorization"].startswith("Basic ")
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(said["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        )
        if (
            self.status != 200
            or challenge != self.asked["code_challenge"]
            or said["redirect_uri"] != self.asked["redirect_uri"]
        ):
            return httpx.Response(400, json={"error": "invalid_grant"})
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": "eutonia",
            "iat": now,
            "exp": now + 60,
            "nonce": self.asked["nonce"],
            **self.claims,
        }
        return httpx.Response(200, json={"id_token": jwt.encode({"alg": "RS256", "kid": "d1"}, claims, self.key)})


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest.fixture
def browser(office, directory) -> TestClient:
    http = httpx.Client(transport=httpx.MockTransport(directory))
    app = application(office, directory=OpenId(PROVIDER, BASE, http))
    return TestClient(app, base_url=BASE, follow_redirects=False)


def test_whom_the_directory_names_comes_in_with_the_role_on_our_list(browser, directory, office):
    assert "Sign in through directory.example" in browser.get("/login").text
    sent = browser.get("/openid")
    assert sent.headers["location"].startswith(f"{ISSUER}/authorize?")
    answer = browser.get(f"/openid/back?{directory.seen(sent.headers['location'])}")
    assert "You are signed in" in answer.text
    assert browser.get("/panel").status_code == 200
    assert "N. Dale" in browser.get("/panel").text
    assert [(each.who, each.what) for each in office.trail.last(3)][-1] == ("dale", "signed in by directory.example")


def test_whom_our_list_does_not_know_stays_out(browser, directory):
    directory.claims = {"preferred_username": "stranger"}
    answer = browser.get(f"/openid/back?{directory.seen(browser.get('/openid').headers['location'])}")
    assert answer.status_code == 403
    assert "the list of staff here does not" in answer.text
    assert browser.get("/panel").status_code == 303


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"}, {"aud": "another"}, {"aud": ["eutonia", "another"]}, {"exp": 1}, {"exp": None},
        {"nonce": "another"}, {"preferred_username": None}, {"preferred_username": 7},
    ],
)  # fmt: skip
def test_a_token_that_is_not_for_here_and_now_lets_nobody_in(claims, browser, directory):
    directory.claims |= claims
    answer = browser.get(f"/openid/back?{directory.seen(browser.get('/openid').headers['location'])}")
    assert answer.status_code == 403
    assert browser.get("/panel").status_code == 303


def test_a_token_of_another_key_lets_nobody_in(browser, directory):
    directory.key = OTHER
    answer = browser.get(f"/openid/back?{directory.seen(browser.get('/openid').headers['location'])}")
    assert answer.status_code == 403


def test_an_answer_to_what_another_browser_asked_lets_nobody_in(browser, directory):
    query = directory.seen(browser.get("/openid").headers["location"])
    browser.cookies.clear()
    assert browser.get(f"/openid/back?{query}").status_code == 403
    browser.get("/openid")
    assert browser.get(f"/openid/back?{query}").status_code == 403
    assert browser.get("/openid/back").status_code == 403


def test_a_directory_that_refuses_or_calls_itself_otherwise_is_said(browser, directory):
    query = directory.seen(browser.get("/openid").headers["location"])
    directory.status = 500
    assert browser.get(f"/openid/back?{query}").status_code == 403
    directory.issuer = "https://elsewhere.example"
    answer = browser.get("/openid")
    assert answer.status_code == 502
    assert "cannot be asked now" in answer.text


def test_without_a_directory_there_is_no_such_way(client):
    assert client.get("/openid").status_code == 404
    assert client.get("/openid/back").status_code == 404
    assert "through" not in client.get("/login").text


def test_a_directory_is_asked_over_https_only():
    with pytest.raises(ValueError, match="https only"):
        OpenId(Provider("http://directory.example", "a", "b"), "https://eutonia.example")
    with pytest.raises(ValueError, match="https only"):
        OpenId(PROVIDER, "http://eutonia.example")


def test_a_directory_is_read_from_a_file(tmp_path):
    path = tmp_path / "openid.json"
    path.write_text('{"issuer": "https://directory.example", "client_id": "eutonia", "client_secret": "s"}')
    assert read_provider(path).claim == "preferred_username"
    path.write_text("{}")
    with pytest.raises(ValueError, match="client_id"):
        read_provider(path)
