"""The key of a request on the hit path: its exact head bytes, less the request id that changes each time. Pure."""

from typing import NamedTuple

from scalelab.contracts.http_names import REQUEST_ID_HEADER

_HEAD_END = b"\r\n\r\n"
_ID_FIELD = f"\r\n{REQUEST_ID_HEADER.lower()}: ".encode()
_MAX_ID_BYTES = 64
_GET = b"GET "
MAX_HEAD_BYTES = 4096


class RequestKey(NamedTuple):
    """`head` is what is compared; `request_id` is empty when the request brought none."""

    head: bytes
    """All bytes, which end with an empty line; or, where an id follows, all before the id, with its field's name."""
    request_id: bytes


def request_key(data: bytes) -> RequestKey | None:
    """The key of exactly one whole GET head without a body; None for anything else.

    Args:
        data: bytes as received in one piece. A request id counts only as the last field, where a balancer puts it,
            and only if it is a plain token; elsewhere it stays part of the key, and the long way answers.
    """
    if not data.startswith(_GET) or not data.endswith(_HEAD_END) or len(data) > MAX_HEAD_BYTES:
        return None
    if data.find(_HEAD_END) != len(data) - len(_HEAD_END):
        return None  # a second request, or a body, follows
    start = start_of_last_value(data)
    request_id = id_from(data, start)
    if request_id and data[:start].lower().endswith(_ID_FIELD):
        return RequestKey(data[:start], request_id)
    return RequestKey(data, b"")


def start_of_last_value(data: bytes) -> int:
    """Where the value of the last field of a head begins, if it is written in the usual way."""
    return data.rfind(b": ") + 2


def id_from(data: bytes, start: int) -> bytes:
    """The request id, if the bytes from `start` on are a plain token and an empty line, and nothing else."""
    request_id = data[start:-4]
    if data[-4:] != _HEAD_END or len(request_id) > _MAX_ID_BYTES:
        return b""
    is_token = request_id.isalnum() or request_id.translate(None, b"-.").isalnum()
    return request_id if is_token else b""
