"""A stored exchange: what a cache keeps of one request and its response."""

from dataclasses import dataclass, replace
from functools import cached_property

from scalelab.stack.http_cache.directives import Directives, parse_directives
from scalelab.stack.http_cache.fields import Fields

TARGET_NAME = "scalelab"
"""Our name in a Surrogate-Control that is aimed at single caches."""
_TARGETED_FIELD = "cdn-cache-control"
_SURROGATE_FIELD = "surrogate-control"


@dataclass(frozen=True)
class Response:
    """A final response as received. Times are Unix seconds."""

    status: int
    fields: Fields
    body: bytes
    request_time_s: float
    """When the request that brought it was sent."""
    response_time_s: float
    """When its head arrived."""
    default_lifetime_s: float | None = None
    """Seconds for which it is fresh when its origin does not say."""

    @cached_property
    def directives(self) -> Directives:
        """Cache-Control as the origin meant it for everyone."""
        return parse_directives(self.fields.lines("cache-control"))

    @cached_property
    def targeted(self) -> Directives | None:
        """Directives meant for caches like this one, which then replace Cache-Control and Expires (RFC 9213)."""
        for name, target in ((_TARGETED_FIELD, None), (_SURROGATE_FIELD, TARGET_NAME)):
            directives = parse_directives(self.fields.lines(name), target=target)
            if directives:
                return directives
        return None

    @property
    def governing(self) -> Directives:
        """The directives that decide here."""
        return self.targeted if self.targeted is not None else self.directives

    def with_fields(self, fields: Fields) -> "Response":
        """The same response with other header fields."""
        return replace(self, fields=fields)


@dataclass(frozen=True)
class Request:
    """What of a request a cache looks at."""

    method: str
    fields: Fields

    @cached_property
    def directives(self) -> Directives:
        """Cache-Control, or what Pragma says when there is none (RFC 9111 section 5.4)."""
        lines = self.fields.lines("cache-control")
        if not lines and "no-cache" in parse_directives(self.fields.lines("pragma")):
            lines = ["no-cache"]
        return parse_directives(lines)
