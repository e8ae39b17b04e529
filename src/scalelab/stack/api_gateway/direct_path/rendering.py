"""An answer as bytes, the same that the ordinary path writes. Pure but for the date."""

import re
import time

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from scalelab.contracts.http_names import INSTANCE_HEADER, REQUEST_ID_HEADER
from scalelab.stack.service_kit.request_context import date_of

_ID_NAME, _INSTANCE_NAME = REQUEST_ID_HEADER.lower().encode(), INSTANCE_HEADER.lower().encode()
BEFORE_ID = b"\r\n%b: " % _ID_NAME
"""Between `Date` and the value of the request's id."""
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def rendered(response: Response, instance: bytes, request_id: str, *, keep_alive: bool) -> bytes:
    """All bytes of the answer.

    Raises:
        ValueError: a field would break the message.
    """
    return b"".join(
        (
            STATUS_LINE[response.status_code],
            rendered_fields(response.raw_headers),
            b"date: ",
            date_of(int(time.time())),
            BEFORE_ID,
            request_id.encode(),
            ending(instance, keep_alive=keep_alive),
            bytes(response.body),
        )
    )


def rendered_fields(fields: list[tuple[bytes, bytes]]) -> bytes:
    """Line by line.

    Raises:
        ValueError: one of them would break the message.
    """
    lines = b"".join([b"%b: %b\r\n" % field for field in fields])
    if _CONTROLS.search(lines) or lines.count(b"\r") + lines.count(b"\n") != 2 * len(fields):
        raise ValueError("a field with a control character")
    return lines


def ending(instance: bytes, *, keep_alive: bool) -> bytes:
    """What stands between the value of the request's id and the body."""
    return b"\r\n%b: %b\r\n%b\r\n" % (_INSTANCE_NAME, instance, b"" if keep_alive else b"connection: close\r\n")
