"""What a table of routes means, in words, and what in it is probably not meant. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from scalelab.contracts.routes import GATEWAY_PATHS, LABORATORY_PATHS, READING_METHODS, Route, RouteTable, Upstream

_DIFFERS_WITH_EVERYBODY = frozenset({"authorization", "cookie", "user-agent"})
_SHARED = {
    "public": "for whoever is let in",
    "per_subject": "for each user apart",
    "per_scope": "for all who have the same scopes",
}


@dataclass(frozen=True)
class ExplainedRoute:
    """One route, a sentence for each question."""

    request: str
    goes_to: str
    who_may: str
    answers: str
    bounds: str
    warnings: tuple[str, ...]


def explained_routes(table: RouteTable) -> tuple[ExplainedRoute, ...]:
    """All routes, the most special path first: the order in which they are looked for."""
    ordered = sorted(table.routes, key=lambda route: (route.is_prefix, -len(route.path), route.path, route.methods))
    return tuple(_explained(route, table) for route in ordered)


def unused_upstreams(table: RouteTable) -> tuple[str, ...]:
    """Names that no route leads to."""
    used = {route.upstream for route in table.routes}
    return tuple(name for name in table.upstreams if name not in used)


def _explained(route: Route, table: RouteTable) -> ExplainedRoute:
    scope = f" with scope {route.scope}" if route.scope else ""
    return ExplainedRoute(
        request=f"{', '.join(sorted(route.allowed_methods))} {route.path}{' and below' if route.is_prefix else ''}",
        goes_to=f"{route.upstream} ({table.upstreams[route.upstream].url.removesuffix('/')})",
        who_may=f"who has a token{scope}" if route.protection == "token" else "anybody",
        answers=_answers(route),
        bounds=_bounds(route),
        warnings=(*_warnings(route), *_certificate_warnings(table.upstreams[route.upstream])),
    )


def _answers(route: Route) -> str:
    if not route.keeps_answers:
        return "not kept; passed on as they come"
    time = "as long as the service says" if route.ttl_s is None else f"{route.ttl_s:g} s unless the service says"
    parts = [f"kept {time}, {_SHARED[route.shared_with]}"]
    if route.key is not None:
        parts.append(f"by query parameters {', '.join(route.key)}" if route.key else "whatever the query")
    if route.vary == "origin":
        parts.append("by what the service's Vary names")
    elif route.vary:
        parts.append(f"by {', '.join(route.vary)}")
    return "; ".join(parts)


def _bounds(route: Route) -> str:
    parts = [f"{route.timeout_s:g} s"]
    if route.deadline_s:
        parts.append(f"answered within {route.deadline_s:g} s, whatever it takes")
    if route.retries:
        parts.append(f"{route.retries} {'retry' if route.retries == 1 else 'retries'} of reads")
    if route.limit is not None:
        parts.append(f"{route.limit.rate_per_s:g}/s for each user, {route.limit.burst} at once")
    if route.slots:
        parts.append(f"{route.slots} open at a time for each gateway")
    return "; ".join(parts)


def _warnings(route: Route) -> Iterator[str]:
    path = route.path.removesuffix("/")
    if path in GATEWAY_PATHS:
        yield f"the gateway answers {path} itself: the service never sees it"
    elif path in LABORATORY_PATHS:
        yield f"in a stack with the laboratory's services the gateway answers {path} itself"
    unsafe = sorted(set(route.methods) - READING_METHODS - {"OPTIONS"})
    if route.protection == "none" and unsafe:
        yield f"anybody may {', '.join(unsafe)}: protection = 'none'"
    if route.protection == "token" and route.shared_with == "public" and route.keeps_answers:
        yield "sharing = 'public': whoever has a token gets answers that were made for others"
    if route.retries and unsafe:
        yield f"retries repeat GET and HEAD only, never {', '.join(unsafe)}"
    yield from _cache_warnings(route)


def _certificate_warnings(upstream: Upstream) -> Iterator[str]:
    if upstream.certificate == "any":
        yield "certificate = 'any': whoever answers at that address is believed, and whoever stands between"


def _cache_warnings(route: Route) -> Iterator[str]:
    if not route.keeps_answers:
        reason = "ttl_s = 0" if route.ttl_s == 0 else "GET is not among the methods"
        idle = [name for name, is_said in (("ttl_s", route.ttl_s), ("vary", route.vary)) if is_said]
        idle += ["sharing"] if route.sharing is not None else []
        if idle:
            yield f"{', '.join(idle)} without effect: nothing is kept, since {reason}"
    elif route.vary == "origin":
        if route.shared_with != "per_subject":
            yield "vary = 'origin': an answer is shared though it may depend on a field that its Vary does not name"
    elif differing := sorted(_DIFFERS_WITH_EVERYBODY.intersection(name.lower() for name in route.vary)):
        yield f"vary by {', '.join(differing)}: hardly an answer is given twice"
