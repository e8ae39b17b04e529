"""Routes of one's own: which requests go to which HTTP service, who may ask, and what of the answers is kept.

A routes file is this model as TOML; a topology has the same tables. Says what a route is, chooses none.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from scalelab.contracts.document_faults import DocumentFaultsError
from scalelab.contracts.http_names import (
    DATA_PATH,
    HEALTH_PATH,
    JWKS_PATH,
    LIVE_PATH,
    LOGIN_PATH,
    LOGOUT_PATH,
    LONGTASK_PATH,
    OPENAPI_PATH,
    PROCESS_PATH,
    READY_PATH,
    REFRESH_PATH,
)
from scalelab.contracts.model import Contract
from scalelab.contracts.records import SCOPE_PATTERN

GATEWAY_PATHS = (HEALTH_PATH, LIVE_PATH, READY_PATH, LOGIN_PATH, LOGOUT_PATH, REFRESH_PATH, JWKS_PATH)
"""Answered by the gateway itself, whatever the routes say."""
LABORATORY_PATHS = (DATA_PATH, PROCESS_PATH, LONGTASK_PATH, OPENAPI_PATH)
"""Likewise, in a stack with the laboratory's services."""
ROUTES_PATH = "/routes"
"""`PUT` of a `RoutesChange` on a gateway's admin listener, with the stack's nonce."""

READING_METHODS = frozenset({"GET", "HEAD"})
"""Asked twice, these do nothing twice; only answers to them are kept."""
FORBIDDEN_METHODS = frozenset({"CONNECT", "TRACE"})
Sharing = Literal["public", "per_subject", "per_scope"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
_URL = re.compile(r"https?://[^/?#@\s]+/?")
_PATH = re.compile(r"/[^?#%\\;\x00-\x20\x7f]*")
_METHOD = re.compile(r"[A-Z][A-Z-]*")
_FIELD_NAME = re.compile(r"[A-Za-z0-9-]+")


class Upstream(Contract):
    """A service behind the gateway, by HTTP/1.1."""

    url: str
    """`http://host:port` or `https://host:port`; the request's path follows it unchanged."""
    ca_file: str = ""
    """For `https`: a PEM file with the certificates that may have signed the service's, in the place of those that
    the machine believes. In a routes file it may be relative to that file; elsewhere write the whole path."""
    ca_pem: str = ""
    """The same as text, as a routes file's `ca_file` reaches the gateways."""
    certificate: Literal["verified", "any"] = "verified"
    """For `https`: `verified` must fit the host's name and be signed by who is believed. `any` believes whoever
    answers, and with it whoever stands between."""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        try:
            is_one = bool(_URL.fullmatch(url)) and bool(urlsplit(url).hostname) and urlsplit(url).port != 0
        except ValueError:  # no port
            is_one = False
        if not is_one:
            raise ValueError("write http://host:port or https://host:port; a path or a user is not possible")
        return url

    @model_validator(mode="after")
    def _certificates_mean_something(self) -> Self:
        said = [name for name in ("ca_file", "ca_pem") if getattr(self, name)]
        said += ["certificate"] if self.certificate != "verified" else []
        if said and not self.url.startswith("https:"):
            raise ValueError(
                f"{', '.join(said)}: there is no certificate at {self.url}; write https://, or leave it out"
            )
        if len(said) > 1:
            raise ValueError(
                f"{' and '.join(said)} say different things about the certificate: leave one of them out"
            )
        return self


class RouteLimit(Contract):
    """Requests of one user on one route, over all gateways; beyond it 429 with Retry-After."""

    rate_per_s: Annotated[float, Field(gt=0)]
    """In the long run."""
    burst: Annotated[int, Field(ge=1)] = 10
    """So many of them may come at once."""
    when_unreachable: Literal["local", "accept", "refuse"] | None = None
    """While the shared counts cannot be reached: each gateway counts for itself, lets in, or answers 503. Left out:
    the gateway's `rate_limit_when_unreachable`."""


class Route(Contract):
    """Requests for one path, or for all below it. The exact path goes before the longest one that it stands below."""

    path: str
    """`/reports/` is itself and everything below it; `/report` is this path alone. Plain text, not percent-encoded. A
    slash at the end of a request's path makes no difference."""
    upstream: Name
    """Which of the `[upstreams]`."""
    methods: Annotated[tuple[str, ...], Field(min_length=1)] = ("GET",)
    """Any other is answered with 405. HEAD is allowed where GET is."""
    protection: Literal["token", "none"] = "token"
    """`token`: a good token first, before anything else, the cache too. `none`: anybody."""
    scope: Annotated[str, Field(pattern=rf"^$|{SCOPE_PATTERN}")] = ""
    """What the token must allow besides; else 403."""
    sharing: Sharing | None = None
    """Who may get an answer that was made for somebody else: nobody (`per_subject`), who has the same scopes
    (`per_scope`), or whoever is let in (`public`). Left out: `per_subject`, or `public` where there is no token."""
    ttl_s: Annotated[float, Field(ge=0)] | None = None
    """How long an answer is kept that does not say so itself; 0 = none is kept. Left out: as the service says."""
    key: tuple[Annotated[str, Field(min_length=1)], ...] | None = None
    """Query parameters that make the answer; others are neither in the cache's key nor sent to the service.
    Left out: the whole query."""
    vary: tuple[str, ...] | Literal["origin"] = ()
    """Request fields that make the answer. Where answers are kept, no others reach the service. `origin`: all do, and
    the service's own `Vary` is believed."""
    timeout_s: Annotated[float, Field(gt=0)] = 10.0
    """Longest wait for a slot, for the head of an answer, and for each piece of a body; beyond it 503 or 504."""
    deadline_s: Annotated[float, Field(ge=0)] | None = None
    """Longest time from a request's arrival to the head of its answer, with the wait for a slot, all attempts and
    pauses; beyond it 504. The service is told what is left in `X-Request-Timeout`. 0 = none but `timeout_s`. Left
    out: the gateway's `deadline_s`."""
    retries: Annotated[int, Field(ge=0, le=10)] = 0
    """Further attempts at a GET or HEAD after a fault or a 503 of the service, within the gateway's retry budget."""
    limit: RouteLimit | None = None
    """Requests of one user; left out: no limit."""
    slots: Annotated[int, Field(ge=0)] = 0
    """Requests that one gateway has open towards the service by this route, so that a slow one holds no other up;
    0 = unbounded."""

    @property
    def is_prefix(self) -> bool:
        """Whether it is for everything below its path."""
        return self.path.endswith("/")

    @property
    def allowed_methods(self) -> frozenset[str]:
        """Those that are declared, and HEAD with GET."""
        return frozenset(self.methods) | ({"HEAD"} if "GET" in self.methods else frozenset())

    @property
    def shared_with(self) -> Sharing:
        """`sharing`, or what it is when left out."""
        return self.sharing or ("per_subject" if self.protection == "token" else "public")

    @property
    def keeps_answers(self) -> bool:
        """Whether the cache is asked."""
        return self.ttl_s != 0 and "GET" in self.methods

    @field_validator("path")
    @classmethod
    def _path_is_plain(cls, path: str) -> str:
        parts = path.strip("/").split("/") if path.strip("/") else []
        if not _PATH.fullmatch(path) or "//" in path or "." in parts or ".." in parts:
            raise ValueError("write it from '/' on, without '//', '.', '..', blanks and any of ? # % ; \\")
        return path

    @field_validator("methods")
    @classmethod
    def _methods_are_passed_on(cls, methods: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_METHOD.fullmatch(method) for method in methods) or FORBIDDEN_METHODS.intersection(methods):
            raise ValueError("write methods in capitals, such as 'GET'; CONNECT and TRACE are not passed on")
        return methods

    @field_validator("vary", mode="before")
    @classmethod
    def _vary_is_names_or_origin(cls, vary: object) -> object:
        names = vary if isinstance(vary, list | tuple) else ()
        is_good = vary == "origin" or (vary == names and all(_FIELD_NAME.fullmatch(str(name)) for name in names))
        if not is_good:
            raise ValueError("write a list of the names of request fields, or 'origin'")
        return vary

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        faults = tuple(_route_faults(self))
        if faults:
            raise DocumentFaultsError(faults)
        return self


class RouteTable(Contract):
    """All upstreams and routes. Their order means nothing."""

    upstreams: dict[Name, Upstream] = Field(default_factory=dict)
    """By name."""
    routes: tuple[Route, ...] = ()

    @property
    def route_table(self) -> "RouteTable":
        """These two alone, of whatever else has them too."""
        return RouteTable(upstreams=self.upstreams, routes=self.routes)

    @model_validator(mode="after")
    def _routes_lead_somewhere_and_differ(self) -> Self:
        faults = [*self._unknown_upstreams(), *self._clashes()]
        if faults:
            raise DocumentFaultsError(faults)
        return self

    def _unknown_upstreams(self) -> Iterator[str]:
        for number, route in enumerate(self.routes):
            if route.upstream not in self.upstreams:
                close = get_close_matches(route.upstream, self.upstreams, n=1)
                hint = f"did you mean {close[0]}?" if close else f"declare [upstreams.{route.upstream}]"
                yield f"routes.{number}.upstream = {route.upstream!r}: there is no such upstream ({hint})"

    def _clashes(self) -> Iterator[str]:
        taken: dict[tuple[str, str], int] = {}
        for number, route in enumerate(self.routes):
            for method in sorted(route.allowed_methods):
                first = taken.setdefault((route.path, method), number)
                if first != number:
                    yield (
                        f"routes.{number}.path = {route.path!r}: routes.{first} takes {method} of this path already; "
                        f"leave {method} out of one of them"
                    )
                    break


class RoutesChange(Contract):
    """Body of `PUT /routes`."""

    table: RouteTable
    is_trial: bool
    """Only say whether it could be used."""


def _route_faults(route: Route) -> Iterator[str]:
    if route.protection == "token":
        return
    if route.scope:
        yield f"scope = {route.scope!r}, but protection = 'none' asks for no token: leave one of them out"
    if route.limit is not None:
        yield "limit counts users, but protection = 'none' knows none: leave one of them out"
    if route.shared_with != "public":
        yield f"sharing = {route.sharing!r}, but protection = 'none' knows no users: leave it out"
