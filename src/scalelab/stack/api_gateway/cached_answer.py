"""A stored answer as bytes that prove themselves. Never pickled; anything that is not whole reads as None.

Layout: version (1 byte), length of the head and of the body (4 bytes each, big endian), head (JSON), body, checksum
(16 bytes over the key and all before it, so that an entry under another's key is not whole either).
"""

import json
import struct
from dataclasses import dataclass
from hashlib import blake2b

VERSION = 1
_FRAME = struct.Struct(">BII")
_CHECKSUM_BYTES = 16


@dataclass(frozen=True)
class CachedAnswer:
    """A complete 200. `stored_at_s` is Unix time; headers are lower case, without the length."""

    stored_at_s: float
    ttl_s: float
    headers: tuple[tuple[str, str], ...]
    body: bytes


def encode(answer: CachedAnswer, key: bytes) -> bytes:
    """The entry for `key`."""
    head = json.dumps([answer.stored_at_s, answer.ttl_s, answer.headers], separators=(",", ":")).encode()
    content = _FRAME.pack(VERSION, len(head), len(answer.body)) + head + answer.body
    return content + _checksum(content, key)


def decode(entry: bytes, key: bytes) -> CachedAnswer | None:
    """The answer, or None when the entry is torn, foreign, of another version or another key's."""
    if len(entry) < _FRAME.size + _CHECKSUM_BYTES:
        return None
    version, head_bytes, body_bytes = _FRAME.unpack_from(entry)
    content_bytes = _FRAME.size + head_bytes + body_bytes
    if version != VERSION or len(entry) != content_bytes + _CHECKSUM_BYTES:
        return None
    content = entry[:content_bytes]
    if entry[content_bytes:] != _checksum(content, key):
        return None
    stored_at_s, ttl_s, headers = json.loads(content[_FRAME.size : _FRAME.size + head_bytes])
    return CachedAnswer(
        stored_at_s, ttl_s, tuple((name, value) for name, value in headers), content[_FRAME.size + head_bytes :]
    )


def _checksum(content: bytes, key: bytes) -> bytes:
    return blake2b(len(key).to_bytes(8, "big") + key + content, digest_size=_CHECKSUM_BYTES).digest()
