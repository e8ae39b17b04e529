"""Writes the head of a request. What could split a message in two is refused, never escaped."""

import re
from collections.abc import Iterable

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TARGET = re.compile(r"[!-~]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def request_head(
    method: str, target: str, host: str, headers: Iterable[tuple[str, str]], framing: tuple[str, str] | None
) -> bytes:
    """The bytes before the body.

    Args:
        method: a token.
        target: path and query, already encoded.
        host: value of Host.
        headers: further fields; Host and framing fields among them are dropped, since they are ours to say.
        framing: the body's field (`Content-Length` or `Transfer-Encoding`), None without a body.

    Raises:
        ValueError: a method, target, name or value that would break the message.
    """
    if not _TOKEN.fullmatch(method) or not _TARGET.fullmatch(target):
        raise ValueError(f"not a request line: {method!r} {target!r}")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"not a header field: {name!r}")
        if name.lower() not in {"host", "content-length", "transfer-encoding"}:
            lines.append(f"{name}: {value}")
    if framing is not None:
        lines.append(f"{framing[0]}: {framing[1]}")
    lines.append("\r\n")
    return "\r\n".join(lines).encode("latin-1")
