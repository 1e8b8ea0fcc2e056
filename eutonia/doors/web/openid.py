"""Signing in through the hospital's own directory (OpenID Connect, code flow with PKCE); who may do what stays in our list.

The directory says who somebody is; only names on the list of staff come in, each with the role that stands there.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from hmac import compare_digest
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx2 as httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct
from starlette.responses import RedirectResponse, Response

from eutonia.clinic import StaffError
from eutonia.doors.web.gate import remember
from eutonia.doors.web.settings import read_settings
from eutonia.doors.web.ways import Asked, Refused

_COOKIE: Final = "eutonia-openid"
_WITHIN_S: Final = 600
_LEEWAY_S: Final = 60
_ALGORITHMS: Final = ("RS256", "RS384", "ES256", "ES384", "PS256")
_HERE: Final = ("127.0.0.1", "localhost", "::1")


class Provider(Struct, frozen=True, forbid_unknown_fields=True):
    """A directory, and what this server is called there.  claim: which one holds the name that stands on the list of staff."""

    issuer: str
    client_id: str
    client_secret: str
    claim: str = "preferred_username"


class _Found(Struct, frozen=True):
    """What a directory says of its own addresses."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class OpenId:
    """A directory at work.  url: our own address; http: how it is asked."""

    def __init__(self, provider: Provider, url: str, http: httpx.Client | None = None) -> None:
        for address in (provider.issuer, url):
            if urlsplit(address).scheme != "https" and urlsplit(address).hostname not in _HERE:
                raise ValueError(f"'{address}' is not https: a directory is asked over https only")
        self.provider, self.back = provider, f"{url}/openid/back"
        self._http = http or httpx.Client(timeout=5.0, follow_redirects=False)

    @property
    def name(self) -> str:
        """What people see of it: its host."""
        return urlsplit(self.provider.issuer).hostname or self.provider.issuer

    def begin(self) -> tuple[str, str]:
        """Where the browser is sent, and what it must bring back."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "scope": "openid profile",
            "client_id": self.provider.client_id,
            "redirect_uri": self.back,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._found().authorization_endpoint}?{urlencode(asked)}", f"{state}.{nonce}.{verifier}"

    def name_of(self, brought: str, state: str, code: str) -> str:
        """The name of whom the directory sends back.  Raises ValueError where anything about it is not as it was asked for."""
        parts = brought.split(".")
        if len(parts) != 3 or not code or not compare_digest(parts[0].encode(), state.encode()):
            raise ValueError("this is not the answer to what this browser asked")
        _, nonce, verifier = parts
        found = self._found()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.back,
            "code_verifier": verifier,
        }
        answer = self._http.post(
            found.token_endpoint, data=form, auth=(self.provider.client_id, self.provider.client_secret)
        )
        if answer.status_code != 200:
            raise ValueError("the directory gave no token")
        claims = self._verified(str(msgspec.json.decode(answer.content).get("id_token", "")), found)
        if claims.get("nonce") != nonce:
            raise ValueError("the directory's token was made for another sign-in")
        name = claims.get(self.provider.claim)
        if not isinstance(name, str) or not name:
            raise ValueError(f"the directory's token has no '{self.provider.claim}'")
        return name.lower()

    def _verified(self, token: str, found: _Found) -> dict[str, Any]:
        keys = KeySet.import_key_set(msgspec.json.decode(self._http.get(found.jwks_uri).content))
        claims: dict[str, Any] = dict(jwt.decode(token, keys, algorithms=list(_ALGORITHMS)).claims)
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != found.issuer or self.provider.client_id not in named:
            raise ValueError("the directory's token is for somebody else")
        if len(named) > 1 and claims.get("azp") != self.provider.client_id:
            raise ValueError("the directory's token is for somebody else")
        ends = claims.get("exp")
        if not isinstance(ends, (int, float)) or not time.time() - _LEEWAY_S <= ends:
            raise ValueError("the directory's token has expired")
        return claims

    def _found(self) -> _Found:
        address = f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = msgspec.json.decode(self._http.get(address).content, type=_Found)
        if found.issuer.rstrip("/") != self.provider.issuer.rstrip("/"):
            raise ValueError("the directory calls itself otherwise than it is called here")
        return found


def read_provider(path: Path) -> Provider:
    """A directory from a file of JSON: 'issuer', 'client_id', 'client_secret', perhaps 'claim'.  Raises ValueError."""
    provider = read_settings(path, Provider, "'issuer', 'client_id' and 'client_secret'")
    for name in ("issuer", "client_id", "client_secret", "claim"):
        if not getattr(provider, name).strip():
            raise ValueError(f"{path}: '{name}' is empty")
    return provider


def begin(asked: Asked) -> Response:
    """Sends the browser to the directory."""
    at = _directory(asked)
    try:
        address, brought = at.begin()
    except (httpx.HTTPError, ValueError) as error:
        raise Refused(
            502, f"{at.name} cannot be asked now ({type(error).__name__}). Sign in with a password, or try again."
        ) from None
    answer = RedirectResponse(address, 303)
    # Not 'strict': the browser comes back from the directory's site.
    answer.set_cookie(
        _COOKIE, brought, max_age=_WITHIN_S, httponly=True, samesite="lax",
        secure=asked.request.url.scheme == "https", path="/openid",
    )  # fmt: skip
    return answer


def back(asked: Asked) -> Response:
    """Lets in whom the directory names, where the name is on the list of staff."""
    at, query = _directory(asked), asked.request.query_params
    try:
        name = at.name_of(asked.request.cookies.get(_COOKIE, ""), query.get("state", ""), query.get("code", ""))
        key, session = asked.office.staff.enter(name)
    except (httpx.HTTPError, JoseError, ValueError, KeyError, AttributeError, StaffError) as error:
        asked.office.note("somebody unknown", f"was not let in by {at.name}")
        says = str(error) if isinstance(error, StaffError) else f"{at.name} did not say who you are"
        raise Refused(403, f"{says}. Sign in anew, or with a password.") from None
    asked.office.note(session.member.name, f"signed in by {at.name}")
    # A page of our own before the next one: a cookie that stays on our site is not sent on a way that began elsewhere.
    answer = remember(asked.page("let_in.html"), key, asked.request)
    answer.delete_cookie(_COOKIE, path="/openid")
    return answer


def _directory(asked: Asked) -> OpenId:
    found: OpenId | None = asked.request.app.state.openid
    if found is None:
        raise Refused(404, "There is no such page.")
    return found
