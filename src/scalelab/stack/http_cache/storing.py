"""Whether a response may be stored by a shared cache, and what of it (RFC 9111 section 3)."""

from http import HTTPStatus

from scalelab.stack.http_cache.exchange import Request, Response
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.http_cache.freshness import HEURISTIC_STATUSES, explicit_lifetime_s

UNDERSTOOD_STATUSES = frozenset(int(status) for status in HTTPStatus)
_NEVER_STORED = frozenset({HTTPStatus.NOT_MODIFIED, HTTPStatus.PARTIAL_CONTENT})
_FIRST_FINAL_STATUS = 200


def may_store(request: Request, response: Response) -> bool:
    """Whether a shared cache may keep this response for later GETs.

    RFC 9111 lets it keep one with Set-Cookie; this one does not, for it would hand one client's cookie to all.
    """
    if response.status < _FIRST_FINAL_STATUS or response.status in _NEVER_STORED:
        return False
    if "no-store" in request.directives or _is_forbidden(response):
        return False
    if "set-cookie" in response.fields:
        return False
    if "authorization" in request.fields and not _is_shareable_behind_authorization(response):
        return False
    if "*" in {name.strip() for line in response.fields.lines("vary") for name in line.split(",")}:
        return False
    return _is_reusable_later(response)


def stored_fields(response: Response) -> Fields:
    """The header fields to keep: end to end only. Directives for caches like this one stay: they decide."""
    return response.fields.end_to_end()


def _is_forbidden(response: Response) -> bool:
    governing = response.governing
    if "must-understand" in governing:  # then no-store is for those who do not understand the status
        return response.status not in UNDERSTOOD_STATUSES or "private" in governing
    return "no-store" in governing or "private" in governing


def _is_shareable_behind_authorization(response: Response) -> bool:
    return any(name in response.governing for name in ("public", "s-maxage", "must-revalidate"))


def _is_reusable_later(response: Response) -> bool:
    has_validator = "etag" in response.fields or "last-modified" in response.fields
    if explicit_lifetime_s(response) is not None:
        return True
    return has_validator and (response.status in HEURISTIC_STATUSES or "public" in response.governing)
