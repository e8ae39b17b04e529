"""A head and a body as bytes that prove themselves. Never pickled; anything that is not whole reads as None.

Layout: version (1 byte), length of the head and of the body (4 bytes each, big endian), head (JSON), body, checksum
(16 bytes over the key and all before it, so that an entry under another's key is not whole either).
"""

import json
import struct
from hashlib import blake2b
from typing import Any

_FRAME = struct.Struct(">BII")
_CHECKSUM_BYTES = 16


def seal(version: int, head: object, body: bytes, key: bytes) -> bytes:
    """The entry for `key`. `version` is that of the head's form."""
    head_bytes = json.dumps(head, separators=(",", ":")).encode()
    content = _FRAME.pack(version, len(head_bytes), len(body)) + head_bytes + body
    return content + _checksum(content, key)


def unseal(version: int, entry: bytes, key: bytes) -> tuple[Any, bytes] | None:
    """Head and body, or None when the entry is torn, foreign, of another version or another key's."""
    if len(entry) < _FRAME.size + _CHECKSUM_BYTES:
        return None
    sealed_version, head_bytes, body_bytes = _FRAME.unpack_from(entry)
    content_bytes = _FRAME.size + head_bytes + body_bytes
    if sealed_version != version or len(entry) != content_bytes + _CHECKSUM_BYTES:
        return None
    content = entry[:content_bytes]
    if entry[content_bytes:] != _checksum(content, key):
        return None
    body_from = _FRAME.size + head_bytes
    try:
        return json.loads(content[_FRAME.size : body_from]), content[body_from:]
    except (ValueError, RecursionError):
        return None


def pairs(value: list[Any]) -> tuple[tuple[str, str], ...] | None:
    """Fields as a head holds them; None for what is none."""
    try:
        found = tuple([(name, text) for name, text in value])
    except (TypeError, ValueError):
        return None
    return found if all(isinstance(name, str) and isinstance(text, str) for name, text in found) else None


def _checksum(content: bytes, key: bytes) -> bytes:
    return blake2b(len(key).to_bytes(8, "big") + key + content, digest_size=_CHECKSUM_BYTES).digest()
