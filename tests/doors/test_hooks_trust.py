"""Who is answered: a signed token of a known record system, for this address, now, and once."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import httpx2 as httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from eutonia.doors.hooks import Client, Office, Trust
from eutonia.doors.hooks.trust import Gate, NotTrusted
from tests.doors.test_hooks import NOW, SIGN, URL, call, office, order, send

ISS, JKU = "https://ehr.example", "https://ehr.example/jwks.json"
ADDRESS = f"{URL}/cds-services/{SIGN}"
EC = ECKey.generate_key("P-384", parameters={"kid": "ec"}, private=True)
RSA = RSAKey.generate_key(2048, parameters={"kid": "rsa"}, private=True)
STRANGER = ECKey.generate_key("P-384", parameters={"kid": "ec"}, private=True)
KEYS: dict[str, Any] = dict(KeySet([EC, RSA]).as_dict(private=False))
SECRET = OctKey.import_key("x" * 48, parameters={"kid": "oct"})
T = int(NOW.timestamp())


def token(key: Any = EC, alg: str = "ES384", head: dict[str, Any] | None = None, **more: Any) -> str:
    """A token as a record system signs it."""
    claims = {"iss": ISS, "aud": ADDRESS, "iat": T, "exp": T + 300, "jti": "1", **more}
    header = {"alg": alg, "kid": key.kid, "typ": "JWT", **(head or {})}
    return jwt.encode(header, {name: each for name, each in claims.items() if each is not None}, key, algorithms=[alg])


def by_hand(alg: str, secret: bytes = b"") -> str:
    """A token as nobody should accept it: without a signature, or with one that the public key makes."""

    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    claims = {"iss": ISS, "aud": ADDRESS, "iat": T, "exp": T + 300, "jti": "1"}
    text = b".".join(part(json.dumps(each).encode()) for each in ({"alg": alg, "kid": "ec"}, claims))
    signature = hmac.digest(secret, text, "sha384") if secret else b""
    return (text + b"." + part(signature)).decode()


def gate(*, keys: dict[str, Any] | None = KEYS, jku: str = "", http: httpx.Client | None = None, **more: Any) -> Gate:
    """A gate that knows one record system."""
    return Gate(Trust((Client(ISS, jku, keys or {}),), **more), http, lambda: NOW)


def passes(given: str, at: Gate | None = None) -> bool:
    """Whether a token is let through."""
    try:
        (at or gate()).check(f"Bearer {given}", ADDRESS)
    except NotTrusted:
        return False
    return True


@pytest.mark.parametrize(
    "given",
    [
        token(),
        token(RSA, "RS384"),
        token(iat=T + 0.5),
        token(iat=T + 4, exp=T + 304),
        token(exp=T - 3),
        token(aud=[ADDRESS]),
        token(nbf=T),
        token(exp=T + 3600),
    ],
    ids=["ES384", "RS384", "half a second ahead", "four ahead", "just over", "list of one", "nbf", "an hour"],
)
def test_a_good_token_is_let_through(given):
    assert passes(given)


BAD = {
    "none": by_hand("none"),
    "None": by_hand("None"),
    "HS256": token(SECRET, "HS256"),
    "HS384": token(SECRET, "HS384"),
    "signed with the public key as a secret": by_hand("HS384", EC.as_pem(private=False)),
    "RS256": token(RSA, "RS256"),
    "another's key": token(STRANGER),
    "unknown key": token(head={"kid": "other"}),
    "no key named": token(head={"kid": ""}),
    "key of the other kind": token(head={"kid": "rsa"}),
    "wrong aud": token(aud=f"{URL}/cds-services/baclofen-patient-view"),
    "aud with a slash": token(aud=ADDRESS + "/"),
    "two auds": token(aud=[ADDRESS, "https://elsewhere.example"]),
    "no aud": token(aud=None),
    "unknown iss": token(iss="https://evil.example"),
    "no iss": token(iss=None),
    "expired": token(exp=T - 60),
    "no exp": token(exp=None),
    "exp as text": token(exp="tomorrow"),
    "exp as true": token(exp=True),
    "no iat": token(iat=None),
    "iat a minute ahead": token(iat=T + 60),
    "good for a week": token(exp=T + 7 * 24 * 3600),
    "not yet": token(nbf=T + 60),
    "no jti": token(jti=None),
    "jti as a number": token(jti=7),
    "jku nobody gave": token(head={"jku": "https://evil.example/jwks.json"}),
    "cut": token()[:-4],
    "two parts": "a.b",
    "five parts": "a.b.c.d.e",
    "no base64": "?.?.?",
    "nothing": "",
    "letters": "ü.ü.ü",
}


@pytest.mark.parametrize("given", BAD.values(), ids=BAD)
def test_a_bad_token_is_refused(given):
    assert not passes(given)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", f"Basic {token()}", token()])
def test_a_header_that_bears_no_token_is_refused(header):
    with pytest.raises(NotTrusted):
        gate().check(header, ADDRESS)


def test_a_token_is_good_once():
    at = gate()
    assert passes(token(jti="a"), at)
    assert not passes(token(jti="a"), at)
    assert not passes(token(RSA, "RS384", jti="a", exp=T + 200), at)
    assert passes(token(jti="b"), at)


def test_a_refused_token_uses_up_nothing():
    at = gate()
    assert not passes(token(STRANGER, jti="a"), at)
    assert not passes(token(jti="a", exp=T - 60), at)
    assert passes(token(jti="a"), at)


def test_two_record_systems_may_use_the_same_jti():
    other = ECKey.generate_key("P-384", parameters={"kid": "o"}, private=True)
    clients = (Client(ISS, keys=KEYS), Client("https://b.example", keys=dict(KeySet([other]).as_dict(private=False))))
    at = Gate(Trust(clients), None, lambda: NOW)
    assert passes(token(), at)
    assert passes(token(other, iss="https://b.example"), at)
    assert not passes(token(other), at), "a system may not sign for another"


# --- keys by address --------------------------------------------------------------------------------------------------


class Keys:
    """Where a record system publishes its keys; it counts how often they are fetched."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer, self.asked = answer, 0

    def client(self) -> httpx.Client:
        """A client that reaches this place only."""

        def handle(request: httpx.Request) -> httpx.Response:
            assert str(request.url) == JKU
            self.asked += 1
            return httpx.Response(self.answer.status_code, content=self.answer.content)

        return httpx.Client(transport=httpx.MockTransport(handle))


def test_keys_are_fetched_from_the_address_on_the_list_and_kept():
    place = Keys(httpx.Response(200, json=KEYS))
    at = gate(keys=None, jku=JKU, http=place.client())
    assert passes(token(head={"jku": JKU}), at)
    assert passes(token(RSA, "RS384", jti="2"), at)
    assert place.asked == 1


def test_made_up_names_of_keys_do_not_make_the_service_fetch_again_and_again():
    place = Keys(httpx.Response(200, json=KEYS))
    at = gate(keys=None, jku=JKU, http=place.client())
    assert not any(passes(token(head={"kid": f"k{n}"}, jti=str(n)), at) for n in range(5))
    assert place.asked == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404),
        httpx.Response(200, text="nonsense"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"keys": []}),
        httpx.Response(200, json={"keys": 7}),
        httpx.Response(200, json={"keys": [{"kty": "RSA", "kid": "ec"}]}),
        httpx.Response(200, content=b" " * 300_000),
    ],
)
def test_without_readable_keys_nobody_is_let_in(answer):
    assert not passes(token(), gate(keys=None, jku=JKU, http=Keys(answer).client()))


def test_keys_are_never_fetched_without_https():
    place = Keys(httpx.Response(200, json=KEYS))
    assert not passes(token(), gate(keys=None, jku="http://ehr.example/jwks.json", http=place.client()))
    assert not passes(token(), gate(keys=None, jku="", http=place.client()))
    assert place.asked == 0


def test_keys_that_are_too_weak_are_no_keys():
    weak = json.loads('{"keys": [{"kty": "RSA", "kid": "rsa", "n": "AMLr4w", "e": "AQAB"}]}')
    assert not passes(token(RSA, "RS384"), gate(keys=weak))


# --- through the door -------------------------------------------------------------------------------------------------


def known() -> Office:
    """A service that answers one record system."""
    return office(trust=Trust((Client(ISS, keys=KEYS),)))


@pytest.mark.parametrize("path", [f"/cds-services/{SIGN}", f"/cds-services/{SIGN}/feedback"])
def test_without_a_token_there_is_no_answer_and_the_list_is_open(path):
    answer = send("POST", path, call(SIGN), at=known())
    assert answer.status_code == 401
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert send("GET", "/cds-services", at=known()).status_code == 200


def test_with_its_token_a_call_is_answered_and_so_is_its_feedback():
    body = call(SIGN, order("baclofen", "20 mg four times a day"))
    headers = {"Authorization": f"Bearer {token()}"}
    assert send("POST", f"/cds-services/{SIGN}", body, headers, known()).json()["cards"]
    feedback = {"Authorization": f"Bearer {token(aud=ADDRESS + '/feedback')}"}
    assert send("POST", f"/cds-services/{SIGN}/feedback", {"feedback": []}, feedback, known()).status_code == 200
    assert send("POST", f"/cds-services/{SIGN}/feedback", {"feedback": []}, headers, known()).status_code == 401


def test_no_token_is_quoted_in_a_refusal():
    given = token(iss="https://evil.example")
    text = send("POST", f"/cds-services/{SIGN}", call(SIGN), {"Authorization": f"Bearer {given}"}, known()).text
    assert given[:20] not in text
    assert "evil" not in text


def test_without_known_callers_everybody_is_answered():
    Gate(Trust(), None, lambda: NOW).check("", ADDRESS)
