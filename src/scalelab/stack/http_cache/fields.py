"""Header fields as an ordered list of pairs, and the few ways in which a cache reads them."""

from collections.abc import Iterable, Iterator

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authentication-info",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Fields that belong to one connection, not to the message (RFC 9110 section 7.6.1, RFC 9111 section 3.1)."""


class Fields:
    """Immutable header fields; names compare without case, lines of one name keep their order."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs = tuple((name.lower(), value) for name, value in pairs)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __contains__(self, name: str) -> bool:
        return any(known == name for known, _ in self._pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fields) and self._pairs == other._pairs

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __repr__(self) -> str:
        return f"Fields({list(self._pairs)!r})"

    def lines(self, name: str) -> list[str]:
        """Every line of that name."""
        return [value for known, value in self._pairs if known == name]

    def only(self, name: str) -> str | None:
        """The value of a field that may stand once; None when it is absent or stands more than once."""
        lines = self.lines(name)
        return lines[0].strip() if len(lines) == 1 else None

    def combined(self, name: str) -> str | None:
        """All lines joined by commas (RFC 9110 section 5.3); None when absent."""
        lines = self.lines(name)
        return ", ".join(line.strip() for line in lines) if lines else None

    def without(self, names: Iterable[str]) -> "Fields":
        """A copy that lacks these fields."""
        dropped = frozenset(names)
        return Fields(pair for pair in self._pairs if pair[0] not in dropped)

    def with_field(self, name: str, value: str) -> "Fields":
        """A copy in which `name` has exactly this value."""
        return Fields([*self.without({name.lower()}), (name, value)])

    def end_to_end(self) -> "Fields":
        """A copy without the hop-by-hop fields, those named by `Connection` included."""
        named = {token.strip().lower() for line in self.lines("connection") for token in line.split(",")}
        return self.without(HOP_BY_HOP | named)
