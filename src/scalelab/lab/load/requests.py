"""Request templates: what is asked, prepared as bytes once, with places for the key and the user's token. Pure.

Never prints a token: they stand in the plan as secrets, and in the bytes that go out.
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple

from pydantic import Field, field_validator

from scalelab.contracts.model import Contract
from scalelab.lab.correctness.proofs import Check, ProofKind, check_for
from scalelab.lab.load.targets import Origin, Target, TargetError, parse_url

KEY_PLACE = "{key}"
_TOKEN_NAME = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
_OWN_FIELDS = frozenset({"host", "content-length", "transfer-encoding", "connection"})
"""Written by us: a request whose framing lies would measure nothing."""
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_SECRET_FIELDS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})


class RequestTemplate(Contract):
    """One kind of request. `{key}` in path, headers or body is replaced by the request's key."""

    name: str = ""
    """What it is called in results; method and path when empty."""
    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = Field(default=(), repr=False)
    body: str = ""
    weight: Annotated[float, Field(gt=0)] = 1.0
    takes_token: bool = True
    """Whether `Authorization: Bearer <the user's token>` is sent, when there are tokens."""
    proof: ProofKind | None = None
    """What a good answer must prove; one that does not is a failure of its own kind."""
    longest_age_s: Annotated[float, Field(ge=0)] | None = None
    """Above this `Age` an answer with a proof is stale; None: however old."""

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        parse_url(url)  # TargetError is a ValueError: it becomes a fault of this key
        return url

    @field_validator("method")
    @classmethod
    def _is_method(cls, method: str) -> str:
        if not _TOKEN_NAME.match(method) or method.upper() == "CONNECT":
            raise ValueError(f"{method!r} is no method that can be measured")
        return method.upper()

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        for name, value in headers:
            if not _TOKEN_NAME.match(name):
                raise ValueError(f"{name!r} is no header name")
            if re.search(r"[\r\n\x00]", value):
                raise ValueError(f"the value of header {name} holds a line break or NUL")
            if name.lower() in _OWN_FIELDS - {"host"}:
                raise ValueError(f"header {name} is written by the generator itself")
        return headers

    @property
    def route(self) -> str:
        """Its name in results; without the query, which may hold anything."""
        return self.name or f"{self.method} {self.target.path.partition('?')[0]}"

    @property
    def target(self) -> Target:
        """The parts of its URL."""
        return parse_url(self.url)

    @property
    def uses_key(self) -> bool:
        """Whether it has a place for a key."""
        return any(KEY_PLACE in text for text in (self.target.path, self.body, *(v for _, v in self.headers)))


class Request(NamedTuple):
    """One request, ready to send."""

    head_and_body: bytes
    route: int
    """Number of its template."""
    origin: Origin
    is_head: bool
    check: Check | None = None
    """What its answer must stand."""


Render = Callable[[int, bytes], Request]
"""From a key and a token to the request. Whichever the template has no place for is ignored."""


def prepare(template: RequestTemplate, route: int, *, has_tokens: bool) -> Render:
    """The template as bytes, all but the places."""
    target, is_head = template.target, template.method == "HEAD"
    takes_token = has_tokens and template.takes_token
    check_of = _checks(template)
    if template.body and template.uses_key and KEY_PLACE in template.body:
        return _with_varying_body(template, route, takes_token=takes_token)
    pieces = _pieces(_head(template, len(template.body.encode()), takes_token=takes_token), template.body)
    if len(pieces) == 1 and not takes_token:
        constant = Request(pieces[0], route, target.origin, is_head, check_of(0))
        return lambda _key, _token: constant
    filled = _filler(pieces)
    return lambda key, token: Request(filled(key, token), route, target.origin, is_head, check_of(key))


def _checks(template: RequestTemplate) -> Callable[[int], Check | None]:
    proof, longest_age_s = template.proof, template.longest_age_s
    if proof is None:
        return lambda _key: None
    return lambda key: check_for(proof, key, math.inf if longest_age_s is None else longest_age_s)


_TOKEN_MARK = "\x00token\x00"  # noqa: S105  a mark that no header can hold, not a secret


def _head(template: RequestTemplate, body_bytes: int, *, takes_token: bool) -> str:
    target = template.target
    names = {name.lower() for name, _ in template.headers}
    lines = [f"{template.method} {target.path} HTTP/1.1"]
    if "host" not in names:
        lines.append(f"Host: {target.origin.authority}")
    if "user-agent" not in names:
        lines.append("User-Agent: scalelab")
    if "accept" not in names:
        lines.append("Accept: */*")
    lines += [f"{name}: {value}" for name, value in template.headers]
    if takes_token and "authorization" not in names:
        lines.append(f"Authorization: Bearer {_TOKEN_MARK}")
    if body_bytes or template.method in _BODY_METHODS:
        lines.append(f"Content-Length: {body_bytes}")
    return "\r\n".join(lines) + "\r\n\r\n"


def _with_varying_body(template: RequestTemplate, route: int, *, takes_token: bool) -> Render:
    """The length of the body depends on the key's: one filler for each length that is met."""
    fillers: dict[int, Callable[[int, bytes], bytes]] = {}
    places, fixed = template.body.count(KEY_PLACE), len(template.body.replace(KEY_PLACE, "").encode())
    origin, is_head, check_of = template.target.origin, template.method == "HEAD", _checks(template)

    def render(key: int, token: bytes) -> Request:
        digits = len(str(key))
        if digits not in fillers:
            head = _head(template, fixed + places * digits, takes_token=takes_token)
            fillers[digits] = _filler(_pieces(head, template.body))
        return Request(fillers[digits](key, token), route, origin, is_head, check_of(key))

    return render


def _pieces(head: str, body: str) -> list[bytes]:
    """Literals between places; odd ones are the places themselves."""
    text = re.split(f"({re.escape(KEY_PLACE)}|{_TOKEN_MARK})", head + body)
    return [piece.encode() for piece in text]


def _filler(pieces: Sequence[bytes]) -> Callable[[int, bytes], bytes]:
    key_places = [place for place in range(1, len(pieces), 2) if pieces[place] == KEY_PLACE.encode()]
    token_places = [place for place in range(1, len(pieces), 2) if pieces[place] != KEY_PLACE.encode()]

    def fill(key: int, token: bytes) -> bytes:
        filled = list(pieces)
        for place in key_places:
            filled[place] = b"%d" % key
        for place in token_places:
            filled[place] = token
        return b"".join(filled)

    return fill


def is_secret_field(name: str) -> bool:
    """Whether a header of that name carries what must not stand on a command line."""
    return name.lower() in _SECRET_FIELDS


__all__ = ["KEY_PLACE", "Render", "Request", "RequestTemplate", "TargetError", "is_secret_field", "prepare"]
