"""What the database service accepts: keys, ranges and bodies as values, or why not. Never touches the database."""

import re
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import Request

from scalelab.contracts.records import MAX_RANGE_RECORDS, RecordUpdate

MAX_BODY_BYTES = 1024 * 1024
"""Room for the longest value with every character escaped."""
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")  # fits a signed 64-bit integer


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered: the status and a sentence for the client."""

    status: HTTPStatus
    detail: str


def parse_key(text: str) -> int | Refusal:
    """A record's key: a positive decimal number without sign, blank or leading zero."""
    if _NUMBER.fullmatch(text) is None:
        return Refusal(HTTPStatus.BAD_REQUEST, "the key is not a positive number of at most 18 digits")
    return int(text)


def parse_range(query: QueryParams) -> tuple[int, int] | Refusal:
    """`first_key` and `count` of a range query, each given once."""
    numbers = [query.getlist(name) for name in ("first_key", "count")]
    match numbers:
        case [[first_key], [count]] if _NUMBER.fullmatch(first_key) and _NUMBER.fullmatch(count):
            if int(count) > MAX_RANGE_RECORDS:
                return Refusal(HTTPStatus.BAD_REQUEST, f"count is greater than {MAX_RANGE_RECORDS}")
            return int(first_key), int(count)
    return Refusal(HTTPStatus.BAD_REQUEST, "first_key and count must each be given once, as positive numbers")


def parse_update(body: bytes) -> RecordUpdate | Refusal:
    """The body of `PUT`: 400 when it is no JSON, 422 when it is not a record update."""
    try:
        return RecordUpdate.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        is_json = fault["type"] != "json_invalid"
        status = HTTPStatus.UNPROCESSABLE_ENTITY if is_json else HTTPStatus.BAD_REQUEST
        place = ".".join(map(str, fault["loc"])) or "body"
        return Refusal(status, f"{place}: {fault['msg']}")


async def read_body(request: Request) -> bytes | Refusal:
    """The whole body, counted as it arrives; never more than `MAX_BODY_BYTES` are kept."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {MAX_BODY_BYTES} bytes")
    return bytes(body)
