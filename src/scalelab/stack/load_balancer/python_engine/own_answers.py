"""What the engine answers for a member, as RFC 9457 problems. Pure but for the date."""

import json
import time
from http import HTTPStatus

from scalelab.contracts.http_names import PROBLEM_MEDIA_TYPE, REQUEST_ID_HEADER
from scalelab.stack.load_balancer.base import RETRY_AFTER_S
from scalelab.stack.load_balancer.python_engine.attempts import Outcome
from scalelab.stack.service_kit.documents import problem_document
from scalelab.stack.service_kit.request_context import date_of

CLIENT_GONE = 499
"""What the books say of a request whose client did not wait; nobody is sent it."""
ANSWERS = {
    Outcome.NOT_REACHED: (HTTPStatus.SERVICE_UNAVAILABLE, "no gateway could be reached"),
    Outcome.NO_ANSWER: (HTTPStatus.BAD_GATEWAY, "the gateway broke off"),
    Outcome.BAD_ANSWER: (HTTPStatus.BAD_GATEWAY, "the gateway's answer broke off or is malformed"),
    Outcome.BROKEN_OFF: (HTTPStatus.BAD_GATEWAY, "the gateway is going, and its time was over"),
    Outcome.TIMED_OUT: (HTTPStatus.GATEWAY_TIMEOUT, "the gateway did not answer in time"),
    Outcome.CLIENT_TOO_SLOW: (HTTPStatus.REQUEST_TIMEOUT, "the rest of the request did not come in time"),
    Outcome.BAD_REQUEST: (HTTPStatus.BAD_REQUEST, "the body does not follow its framing"),
    Outcome.NOBODY_UP: (HTTPStatus.SERVICE_UNAVAILABLE, "no gateway is up"),
    Outcome.NOBODY_ELSE: (HTTPStatus.SERVICE_UNAVAILABLE, "the gateway broke off, and there is no other one"),
}


def own_answer(
    status: HTTPStatus, request_id: bytes, detail: str = "", *, is_head_request: bool = False, is_last: bool = False
) -> bytes:
    """All bytes of an answer.

    Args:
        status: 503 says when to come back.
        request_id: stands in the head and in the body.
        detail: one sentence for the client.
        is_head_request: whether the body is left out.
        is_last: whether the connection ends with it.
    """
    body = json.dumps(problem_document(status, request_id.decode(), detail)).encode()
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}".encode(),
        b"Content-Type: " + PROBLEM_MEDIA_TYPE.encode(),
        b"Content-Length: %d" % len(body),
        b"Date: " + date_of(int(time.time())),
        REQUEST_ID_HEADER.encode() + b": " + request_id,
    ]
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        lines.append(b"Retry-After: %d" % RETRY_AFTER_S)
    if is_last:
        lines.append(b"Connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n" + (b"" if is_head_request else body)
