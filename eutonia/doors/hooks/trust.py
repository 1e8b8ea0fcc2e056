"""Who may ask: each call carries a signed token, and only the record systems on the list are answered."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2 as httpx
import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import KeySet
from msgspec import Struct

# Two algorithms, named: a token cannot bring its own, so neither `none` nor a shared secret can ever pass.
ALGORITHMS: Final = ("ES384", "RS384")
_LONGEST_S: Final = 24 * 3600
_MAX_LEEWAY_S: Final = 60
_KEPT_S: Final = 600
_AGAIN_S: Final = 30
_SWEPT_S: Final = 60
_LARGEST: Final = 256 * 1024
_KEYS_WITHIN_S: Final = 2.0


class NotTrusted(Exception):
    """Why a caller is not answered; it quotes nothing of the token."""


class Client(Struct, frozen=True, forbid_unknown_fields=True):
    """A record system that may call: what it calls itself, and its keys, by address or handed over beforehand."""

    iss: str
    jku: str = ""
    keys: dict[str, Any] = {}


class Trust(Struct, frozen=True, forbid_unknown_fields=True):
    """The record systems that may call, and the FHIR servers that may be asked in turn.

    Without clients everybody is answered, which is meant for a service on 127.0.0.1 only; the caller decides.
    """

    clients: tuple[Client, ...] = ()
    fhir_servers: tuple[str, ...] = ()
    leeway_s: int = 5

    @property
    def limits(self) -> bool:
        """Whether only the FHIR servers on the list are asked: always where callers are known."""
        return bool(self.clients or self.fhir_servers)


def complete(trust: Trust) -> Trust:
    """Return what a file says of who may call, if it restricts calls as its author must have meant.

    Raises
    ------
    ValueError
        If no client is named (then everybody would be answered), a client has no `iss` or not exactly one of `jku` and
        `keys`, its keys cannot be read, or an address is not https.
    """
    if not trust.clients:
        raise ValueError("'clients' is missing or empty, so that everybody could call: name who may")
    names = [client.iss for client in trust.clients]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two clients have the same 'iss', '{repeated[0]}'")
    for client in trust.clients:
        if not client.iss.strip():
            raise ValueError("a client has an empty 'iss'")
        if bool(client.jku) == bool(client.keys):
            raise ValueError(f"the client '{client.iss}' needs either 'jku' or 'keys'")
        if client.jku and not _https(client.jku):
            raise ValueError(f"the 'jku' of the client '{client.iss}' is not an https address")
        if client.keys:
            try:
                empty = not client.keys.get("keys") or not _key_set(client.keys).keys
            except NotTrusted:
                empty = True
            if empty:
                raise ValueError(f"the 'keys' of the client '{client.iss}' are not a JSON web key set")
    for server in trust.fhir_servers:
        if not _https(server):
            raise ValueError(f"'{server}' in 'fhir_servers' is not an https address")
    if not 0 <= trust.leeway_s <= _MAX_LEEWAY_S:
        raise ValueError(f"'leeway_s' is from 0 to {_MAX_LEEWAY_S}")
    return trust


def _https(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        return False


class Gate:
    """Checks tokens; it remembers which were used, and the keys that were fetched."""

    def __init__(self, trust: Trust, http: httpx.Client | None, clock: Callable[[], datetime]) -> None:
        self._trust = trust
        self._http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._used: dict[tuple[str, str], float] = {}
        self._swept = 0.0
        self._given: dict[str, KeySet] = {}
        self._fetched: dict[str, tuple[float, KeySet]] = {}

    @property
    def open(self) -> bool:
        """Whether everybody is answered."""
        return not self._trust.clients

    def check(self, header: str, url: str) -> str:
        """Who calls, where the token is for this very address (empty where everybody is answered); or raises `NotTrusted`."""
        if self.open:
            return ""
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NotTrusted("a signed token is needed; send 'Authorization: Bearer ...'")
        claims = self._verified(token.strip())
        now = self._clock().timestamp()
        self._timely(claims, now)
        # One address, this one: a token for another service, or for another host, is not for here.
        if claims.get("aud") not in (url, [url]):
            raise NotTrusted("the token's 'aud' is not the address that was called")
        self._once(claims, now)
        return str(claims["iss"])

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            read = jws.extract_compact(token.encode())
            claims: Any = msgspec.json.decode(read.payload)
            head = read.headers()
        except (JoseError, msgspec.DecodeError, ValueError, RecursionError):
            raise NotTrusted("the token is not a signed JSON web token") from None
        if head.get("alg") not in ALGORITHMS:
            raise NotTrusted(f"the token's algorithm is not one of {' and '.join(ALGORITHMS)}")
        iss = claims.get("iss") if isinstance(claims, dict) else None
        client = next((each for each in self._trust.clients if each.iss == iss), None)
        if client is None:
            raise NotTrusted("the token's 'iss' is not on the list")
        jku = head.get("jku")
        if jku is not None and jku != client.jku:
            raise NotTrusted("the token's 'jku' is not on the list")
        kid = head.get("kid")
        if not isinstance(kid, str):
            raise NotTrusted("the token names no key in 'kid'")
        try:
            key = self._keys(client, kid).get_by_kid(kid)
            found = jwt.decode(token, key, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError, TypeError):
            raise NotTrusted("the token's signature does not hold with the keys on the list") from None
        return dict(found.claims)

    def _timely(self, claims: dict[str, Any], now: float) -> None:
        leeway = self._trust.leeway_s
        exp, iat = _number(claims.get("exp")), _number(claims.get("iat"))
        if exp is None or iat is None:
            raise NotTrusted("the token lacks 'exp' or 'iat'")
        if not now - leeway <= exp:
            raise NotTrusted("the token has expired")
        # Clocks differ by a second; a token from further ahead was not made now.
        if not iat <= now + leeway or not exp - iat <= _LONGEST_S:
            raise NotTrusted("the token's 'iat' lies ahead, or it is good for longer than a day")
        nbf = _number(claims.get("nbf", iat))
        if nbf is None or nbf > now + leeway:
            raise NotTrusted("the token is not valid yet")

    def _once(self, claims: dict[str, Any], now: float) -> None:
        jti = claims.get("jti")
        if not isinstance(jti, str) or not jti:
            raise NotTrusted("the token lacks 'jti'")
        key = (str(claims["iss"]), jti)
        with self._lock:
            if now - self._swept > _SWEPT_S:
                self._swept = now
                self._used = {each: until for each, until in self._used.items() if until >= now}
            if self._used.get(key, 0) >= now:
                raise NotTrusted("the token was used before; send a new one with each call")
            self._used[key] = float(claims["exp"]) + self._trust.leeway_s

    def _keys(self, client: Client, kid: str) -> KeySet:
        if client.keys:
            if client.iss not in self._given:
                self._given[client.iss] = _key_set(client.keys)
            return self._given[client.iss]
        now = self._clock().timestamp()
        kept = self._fetched.get(client.jku)
        # A key that is not known may be new, but a caller with made-up names must not make us fetch again and again.
        known = kept is not None and (any(each.kid == kid for each in kept[1]) or now - kept[0] < _AGAIN_S)
        if kept is None or not known or now - kept[0] > _KEPT_S:
            kept = (now, self._fetch(client.jku))
            self._fetched[client.jku] = kept
        return kept[1]

    @property
    def fetches(self) -> bool:
        """Whether checking may need the network, so that it is done beside other calls and not before them."""
        return not self.open and any(each.jku and not each.keys for each in self._trust.clients)

    def _fetch(self, jku: str) -> KeySet:
        if self._http is None or urlsplit(jku).scheme != "https":
            raise NotTrusted("the keys of this caller cannot be fetched")
        try:
            answer = self._http.get(jku, timeout=_KEYS_WITHIN_S, follow_redirects=False)
            if answer.status_code != 200 or len(answer.content) > _LARGEST:
                raise ValueError("no key set")
            return _key_set(msgspec.json.decode(answer.content))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            raise NotTrusted("the keys of this caller could not be fetched") from None


def _number(value: object) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _key_set(data: Any) -> KeySet:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", SecurityWarning)  # a key too weak to hold is no key
            return KeySet.import_key_set(data)
    except (JoseError, SecurityWarning, ValueError, KeyError, TypeError):
        raise NotTrusted("the keys of this caller cannot be read") from None
