"""A stored response as bytes that prove themselves. Never pickled; anything that is not whole reads as None."""

import json
import struct
from hashlib import blake2b

from scalelab.stack.http_cache.exchange import Response
from scalelab.stack.http_cache.fields import Fields

_VERSION = 1
_FRAME = struct.Struct(">BII")
_CHECKSUM_BYTES = 16


def encode_response(response: Response, key: bytes) -> bytes:
    """The entry for `key`."""
    head = json.dumps(
        [response.status, list(response.fields), response.request_time_s, response.response_time_s],
        separators=(",", ":"),
    ).encode()
    content = _FRAME.pack(_VERSION, len(head), len(response.body)) + head + response.body
    return content + _checksum(content, key)


def decode_response(entry: bytes, key: bytes) -> Response | None:
    """The response, or None when the entry is torn, foreign, of another version or another key's."""
    if len(entry) < _FRAME.size + _CHECKSUM_BYTES:
        return None
    version, head_bytes, body_bytes = _FRAME.unpack_from(entry)
    content_bytes = _FRAME.size + head_bytes + body_bytes
    content = entry[:content_bytes]
    if version != _VERSION or len(entry) != content_bytes + _CHECKSUM_BYTES:
        return None
    if entry[content_bytes:] != _checksum(content, key):
        return None
    body_from = _FRAME.size + head_bytes
    status, fields, request_time_s, response_time_s = json.loads(content[_FRAME.size : body_from])
    return Response(
        status, Fields((name, value) for name, value in fields), content[body_from:], request_time_s, response_time_s
    )


def _checksum(content: bytes, key: bytes) -> bytes:
    return blake2b(len(key).to_bytes(8, "big") + key + content, digest_size=_CHECKSUM_BYTES).digest()
