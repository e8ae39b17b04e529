"""The key of a request on the hit path: its exact head bytes, less the request id that changes each time. Pure."""

from typing import NamedTuple

_HEAD_END = b"\r\n\r\n"
_ID_FIELD = b"x-request-id: "
_MAX_ID_BYTES = 64
_GET = b"GET "
MAX_HEAD_BYTES = 4096


class RequestKey(NamedTuple):
    """`head` is what is compared; `request_id` is empty when the request brought none."""

    head: bytes
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
    last_line = data.rfind(b"\r\n", 0, -len(_HEAD_END)) + 2
    if data[last_line : last_line + len(_ID_FIELD)].lower() != _ID_FIELD:
        return RequestKey(data, b"")
    request_id = data[last_line + len(_ID_FIELD) : -len(_HEAD_END)]
    if not 0 < len(request_id) <= _MAX_ID_BYTES or not request_id.replace(b"-", b"").replace(b".", b"").isalnum():
        return RequestKey(data, b"")
    return RequestKey(data[:last_line], request_id)
