"""What a client gets of a stored or fresh response: 304, one byte range, the head alone, or the whole. Pure."""

from dataclasses import dataclass
from http import HTTPStatus

from scalelab.stack.http_cache.conditions import fields_of_304, is_not_modified
from scalelab.stack.http_cache.exchange import Request, Response
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.http_cache.ranges import parse_range

CACHE_NAME = "scalelab"


@dataclass(frozen=True)
class Outgoing:
    """Status, fields and body as they leave."""

    status: int
    fields: Fields
    body: bytes


def from_store(request: Request, response: Response, age_s: float, cache_status: str, outcome: str) -> Outgoing:
    """A stored response with its age, as this request wants it."""
    aged = response.fields.with_field("age", str(max(0, int(min(age_s, 2**31)))))
    return _as_wanted(request, response.with_fields(aged), cache_status, outcome)


def from_origin(request: Request, response: Response, cache_status: str, outcome: str) -> Outgoing:
    """A response that has just come; the origin has already seen the client's conditions and range."""
    fields = _labelled(response.fields.end_to_end().without({"surrogate-control"}), cache_status, outcome)
    return Outgoing(response.status, fields, b"" if request.method == "HEAD" else response.body)


def validated(request: Request, response: Response, cache_status: str, outcome: str) -> Outgoing:
    """A stored response that the origin has just confirmed, or replaced when we asked on our own behalf."""
    return _as_wanted(request, response, cache_status, outcome)


def _as_wanted(request: Request, response: Response, cache_status: str, outcome: str) -> Outgoing:
    fields = _labelled(response.fields.end_to_end().without({"surrogate-control"}), cache_status, outcome)
    if response.status == HTTPStatus.OK and is_not_modified(request.fields, response):
        return Outgoing(HTTPStatus.NOT_MODIFIED, _labelled(fields_of_304(fields), cache_status, outcome), b"")
    if request.method == "HEAD":
        return Outgoing(response.status, fields, b"")
    wanted = (
        parse_range(request.fields.only("range"), len(response.body)) if response.status == HTTPStatus.OK else None
    )
    if wanted is None or "if-range" in request.fields:
        return Outgoing(response.status, fields, response.body)
    part = response.body[wanted.first : wanted.last + 1]
    ranged = fields.with_field("content-range", f"bytes {wanted.first}-{wanted.last}/{len(response.body)}")
    return Outgoing(HTTPStatus.PARTIAL_CONTENT, ranged.with_field("content-length", str(len(part))), part)


def _labelled(fields: Fields, cache_status: str, outcome: str) -> Fields:
    return fields.with_field("cache-status", f"{CACHE_NAME}; {cache_status}").with_field("x-cache", outcome)
