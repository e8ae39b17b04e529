"""Which route a request takes: the exact path before the longest prefix, then its methods. Pure.

A path that two servers would read as two routes takes none: what is guarded cannot be reached under another name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from scalelab.contracts.routes import Route
from scalelab.stack.api_gateway.own_routes.path_readings import readings


class HasRoute(Protocol):
    """Whatever stands for a route."""

    @property
    def route(self) -> Route: ...


RouteT = TypeVar("RouteT", bound=HasRoute)


@dataclass(frozen=True)
class Chosen(Generic[RouteT]):
    """The one route."""

    by: RouteT


@dataclass(frozen=True)
class NotAllowed:
    """The path has routes, but not for this method."""

    allowed: tuple[str, ...]


@dataclass(frozen=True)
class NoRoute:
    """`is_ambiguous`: servers would not agree on where the path leads."""

    is_ambiguous: bool


class RouteChoice(Generic[RouteT]):
    """Made once for a table; a choice costs a look-up for each segment of the path."""

    def __init__(self, routes: Iterable[RouteT]) -> None:
        self._exact: dict[str, dict[str, RouteT]] = {}
        self._prefixes: dict[str, dict[str, RouteT]] = {}
        for one in routes:
            table = self._prefixes if one.route.is_prefix else self._exact
            by_method = table.setdefault(one.route.path.removesuffix("/"), {})
            by_method.update(dict.fromkeys(one.route.allowed_methods, one))
        self._depth = max((prefix.count("/") for prefix in self._prefixes), default=0)
        """Slashes in the longest prefix: what stands deeper in a path chooses nothing."""

    def choose(self, method: str, raw_path: str) -> Chosen[RouteT] | NotAllowed | NoRoute:
        """For the path of a request line, still encoded."""
        found = [self._by_method(path) for path in readings(raw_path)]
        if not found or any(one is not found[0] for one in found):
            return NoRoute(is_ambiguous=True)
        by_method = found[0]
        if by_method is None:
            return NoRoute(is_ambiguous=False)
        chosen = by_method.get(method)
        return NotAllowed(tuple(sorted(by_method))) if chosen is None else Chosen(chosen)

    def _by_method(self, path: str) -> dict[str, RouteT] | None:
        path = path.removesuffix("/")
        exact = self._exact.get(path)
        if exact is not None:
            return exact
        parts = path.split("/", self._depth + 1)[: self._depth + 1]
        prefixes = ("/".join(parts[:length]) for length in range(len(parts), 0, -1))
        return next((found for prefix in prefixes if (found := self._prefixes.get(prefix)) is not None), None)
