"""A stored answer as an entry of the cache."""

from dataclasses import dataclass

from scalelab.stack.api_gateway.sealing import pairs, seal, unseal

VERSION = 2


@dataclass(frozen=True)
class CachedAnswer:
    """A complete answer. `stored_at_s` is Unix time; headers are lower case, without the length."""

    stored_at_s: float
    ttl_s: float
    headers: tuple[tuple[str, str], ...]
    body: bytes
    status: int = 200


def encode(answer: CachedAnswer, key: bytes) -> bytes:
    """The entry for `key`."""
    return seal(VERSION, [answer.stored_at_s, answer.ttl_s, answer.status, answer.headers], answer.body, key)


def decode(entry: bytes, key: bytes) -> CachedAnswer | None:
    """The answer, or None when the entry is torn, foreign, of another version or another key's."""
    opened = unseal(VERSION, entry, key)
    if opened is None:
        return None
    match opened[0]:
        case [int() | float() as stored_at_s, int() | float() as ttl_s, int() as status, list() as headers]:
            fields = pairs(headers)
            return None if fields is None else CachedAnswer(stored_at_s, ttl_s, fields, opened[1], status)
    return None
