"""Conditional requests: what a client's condition means against a stored response, and what ours asks the origin."""

import re

from scalelab.stack.http_cache.exchange import Response
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.http_cache.http_dates import parse_http_date

CONDITIONAL_FIELDS = frozenset({"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"})
_ENTITY_TAG = re.compile(r'(?:W/)?"[^"]*"|\*')
_KEPT_BY_304 = frozenset({"content-encoding", "content-length", "content-md5", "content-range", "etag"})
"""A 304 does not change these: they describe the stored body."""
_SENT_WITH_304 = frozenset(
    {"age", "cache-control", "cache-status", "content-location", "date", "etag", "expires", "last-modified", "vary"}
)


def is_not_modified(request_fields: Fields, response: Response) -> bool:
    """Whether the client already has this response (RFC 9110 section 13.2.2: If-None-Match goes first)."""
    if "if-none-match" in request_fields:
        return _matches_entity_tag(request_fields.combined("if-none-match") or "", response.fields.only("etag"))
    since = request_fields.only("if-modified-since")
    since_s = None if since is None else parse_http_date(since, response.response_time_s)
    if since_s is None:
        return False
    for name in ("last-modified", "date"):
        value = response.fields.only(name)
        changed_s = None if value is None else parse_http_date(value, response.response_time_s)
        if changed_s is not None:
            return changed_s <= since_s
    return response.response_time_s <= since_s


def validating_fields(response: Response) -> Fields:
    """The condition under which the origin need not send the body again; empty without a validator."""
    pairs = []
    entity_tag = response.fields.only("etag")
    if entity_tag is not None:
        pairs.append(("if-none-match", entity_tag))
    modified = response.fields.only("last-modified")
    if modified is not None:
        pairs.append(("if-modified-since", modified))
    return Fields(pairs)


def freshened(stored: Response, not_modified: Response) -> Response:
    """The stored response after a 304 (RFC 9111 section 3.2): its fields updated, its times those of the 304."""
    news = not_modified.fields.end_to_end().without(_KEPT_BY_304)
    kept = stored.fields.without({name for name, _ in news} | {"age"})
    return Response(
        stored.status,
        Fields([*kept, *news]),
        stored.body,
        not_modified.request_time_s,
        not_modified.response_time_s,
        stored.default_lifetime_s,
    )


def fields_of_304(fields: Fields) -> Fields:
    """What of a stored response's fields goes with a 304 to a client (RFC 9110 section 15.4.5)."""
    return Fields(pair for pair in fields if pair[0] in _SENT_WITH_304)


def _matches_entity_tag(condition: str, entity_tag: str | None) -> bool:
    candidates = _ENTITY_TAG.findall(condition)
    if "*" in candidates:
        return True
    return entity_tag is not None and entity_tag.removeprefix("W/") in {
        candidate.removeprefix("W/") for candidate in candidates
    }
