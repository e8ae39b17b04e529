"""The key of a stored answer: every part with its length before it, so that no two requests share a key. Pure."""

from hashlib import blake2b

_DIGEST_BYTES = 32


def cache_key(*, method: str, host: str, path: str, query: bytes, scope: str, subject: str) -> bytes:
    """The key: a digest of `key_material` of 32 bytes, so that a long query does not make a long key."""
    material = key_material(method.encode(), host.encode(), path.encode(), query, scope.encode(), subject.encode())
    return blake2b(material, digest_size=_DIGEST_BYTES).digest()


def key_material(*parts: bytes) -> bytes:
    """The parts, each behind its length in eight bytes: different parts never give the same material."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)
