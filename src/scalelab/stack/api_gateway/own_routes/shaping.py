"""What of a request reaches the service, and what of it is in the cache's key. Pure.

Where answers are kept, the two are the same: what is in no key does not reach the service.
"""

from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import unquote_plus

from scalelab.contracts.http_names import SCOPES_HEADER, SUBJECT_HEADER
from scalelab.contracts.routes import Route
from scalelab.stack.api_gateway.cache_key import key_material
from scalelab.stack.api_gateway.forwarded_headers import UPSTREAM_REQUEST_HEADERS
from scalelab.stack.api_gateway.origin.fetching import FRAMING_FIELDS, UNKEYED_FIELDS
from scalelab.stack.http_cache.conditions import CONDITIONAL_FIELDS
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.http_cache.varying import variant_of

_DIRECTIVES = frozenset({"cache-control", "pragma"})
_SAID_TO_THE_CACHE = CONDITIONAL_FIELDS | _DIRECTIVES | {"range"}
_NEVER_A_CLIENTS_WORD = frozenset({SUBJECT_HEADER.lower(), SCOPES_HEADER.lower(), "x-real-ip"})


@dataclass(frozen=True)
class Caller:
    """Who asks, once let in; nobody on a route without protection."""

    subject: str = ""
    scopes: tuple[str, ...] = ()

    @property
    def scope_text(self) -> str:
        """The same for the same scopes."""
        return " ".join(sorted(set(self.scopes)))


def wanted_url(route: Route, path: str, query: str) -> str:
    """Path and query as they go to the service, still encoded, without parameters that make no answer."""
    if route.key is not None:
        parts = (part for part in query.split("&") if unquote_plus(part.partition("=")[0]) in route.key)
        query = "&".join(parts)
    return f"{path}?{query}" if query else path


def kept_fields(route: Route, fields: Fields, caller: Caller) -> Fields:
    """Of a request whose answer may be kept: what the route varies on, and what the client says to the cache."""
    known = _known_to_service(route, fields)
    if route.vary != "origin":
        names = {name.lower() for name in route.vary}
        known = Fields(pair for pair in known if pair[0] in names or pair[0] in _SAID_TO_THE_CACHE)
        if "accept-encoding" not in names:
            known = Fields([*known, *UPSTREAM_REQUEST_HEADERS.items()])
    told: dict[str, list[tuple[str, str]]] = {
        "per_subject": [(SUBJECT_HEADER, caller.subject), (SCOPES_HEADER, caller.scope_text)],
        "per_scope": [(SCOPES_HEADER, caller.scope_text)],
        "public": [],
    }
    return Fields([*known, *(told[route.shared_with] if route.protection == "token" else [])])


def said_to_the_cache_alone(route: Route) -> frozenset[str]:
    """Fields of a request whose answer is kept that are not for the service."""
    return frozenset() if route.vary == "origin" else _DIRECTIVES


def passed_fields(route: Route, fields: Fields, caller: Caller, *, host: str, client: str) -> Fields:
    """Of a request whose answer is kept for nobody: all that goes from end to end, and who asks."""
    known = _known_to_service(route, fields)
    ours = [("X-Forwarded-For", client), ("X-Forwarded-Host", host)]
    if route.protection == "token":
        ours += [(SUBJECT_HEADER, caller.subject), (SCOPES_HEADER, caller.scope_text)]
    return Fields([*known, *ours])


def partition(route: Route, fields: Fields, caller: Caller) -> bytes:
    """What the cache's key has besides host, method, path and query: nobody outside it is given the answer.

    The route itself is part of it: after a change of what it keeps for whom, nothing of before is given.
    """
    who = {"public": "", "per_subject": caller.subject, "per_scope": caller.scope_text}[route.shared_with]
    names = () if route.vary == "origin" else tuple(sorted({name.lower() for name in route.vary}))
    varied = [
        part
        for name, value in variant_of(names, fields)
        for part in (name.encode(), b"" if value is None else b"=" + value.encode("latin-1", "replace"))
    ]
    told = key_material(route.model_dump_json().encode(), who.encode(), _scopes_told(route, caller), *varied)
    return blake2b(told, digest_size=32).digest()


def _scopes_told(route: Route, caller: Caller) -> bytes:
    """A user's answer may depend on the scopes that the service is told of."""
    return caller.scope_text.encode() if route.shared_with == "per_subject" else b""


def _known_to_service(route: Route, fields: Fields) -> Fields:
    """End to end, and nothing that a service could take for a proxy's word. An underscore may be read as a hyphen."""
    dropped = UNKEYED_FIELDS | FRAMING_FIELDS | _NEVER_A_CLIENTS_WORD
    dropped |= {"authorization"} if route.protection == "token" else frozenset()
    return Fields(pair for pair in fields.end_to_end().without(dropped) if "_" not in pair[0])
