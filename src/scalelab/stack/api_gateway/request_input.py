"""What the gateway accepts from outside: record keys and bounded JSON bodies, as values, or why not."""

import re
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from scalelab.stack.api_gateway.authentication import Handler
from scalelab.stack.service_kit.problems import problem

MAX_BODY_BYTES = 64 * 1024
_KEY = re.compile(r"[1-9][0-9]{0,17}")  # fits a signed 64-bit integer

_PLAIN = "identity"

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered: the status and a sentence for the client."""

    status: HTTPStatus
    detail: str


def takes_record_key(handler: Handler) -> Handler:
    """Reads `?key=K` into `request.state.record_key`; anything but one positive number is a bad request."""

    @wraps(handler)
    async def with_key(request: Request) -> Response:
        match request.query_params.getlist("key"):
            case [text] if _KEY.fullmatch(text):
                request.state.record_key = int(text)
                return await handler(request)
        return problem(request, HTTPStatus.BAD_REQUEST, "key must be given once, as a positive number")

    return with_key


async def read_document(request: Request, model: type[ModelT]) -> ModelT | Refusal:
    """The body as `model`. Never keeps more than `MAX_BODY_BYTES`; never repeats in its answer what was sent.

    Raises:
        starlette.requests.ClientDisconnect: the client went before the body was whole.
    """
    body = await _read_body(request)
    if isinstance(body, Refusal):
        return body
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, fault["loc"])) or "body"
        return Refusal(HTTPStatus.BAD_REQUEST, f"{place}: {fault['msg']}")


async def _read_body(request: Request) -> bytes | Refusal:
    if request.headers.get("content-encoding", _PLAIN).lower() != _PLAIN:
        return Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body must come without a Content-Encoding")
    too_large = Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {MAX_BODY_BYTES} bytes")
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > MAX_BODY_BYTES:
        return too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return too_large
    return bytes(body)
