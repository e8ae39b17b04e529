"""What HTTP says about storing and reusing an answer. Pure: headers in, decisions out."""

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from http import HTTPStatus
from typing import Literal

from scalelab.stack.http_cache.freshness import FORBIDS_STALE

Lookup = Literal["use", "refresh", "ignore"]
"""Look and store; store without looking; neither."""

_NAME = r"A-Za-z0-9!#$%&'*+.^_`|~-"
_DIRECTIVE = re.compile(
    rf'(?<![{_NAME}])([{_NAME}]++)(?:=(?:"((?:[^"\\]|\\.)*+)"|([^\s,;"]*+)))?\s*+(?:,|$)',
)
_ENTITY_TAG = re.compile(r'("[^"]*")\s*+(?:,|$)')
"""Both read a field once, however it is made: nothing is tried again from its middle, or given back."""
_DECIDING = frozenset({"cache-control", "content-encoding", "set-cookie", "vary"})
_NEVER_STORED = ("no-store", "private", "no-cache")
_ABSENT = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_OF_ONE_CLIENT = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})


def directives(cache_control: Iterable[str]) -> dict[str, str]:
    """Directives of all `Cache-Control` headers, names in lower case, with an empty value where there is none."""
    found: dict[str, str] = {}
    for header in cache_control:
        for name, quoted, plain in _DIRECTIVE.findall(header):
            found.setdefault(name.lower(), quoted or plain)
    return found


def lookup_wish(cache_control: Iterable[str]) -> Lookup:
    """What the request allows the cache to do."""
    wishes = directives(cache_control)
    if "no-store" in wishes:
        return "ignore"
    return "refresh" if "no-cache" in wishes or wishes.get("max-age") == "0" else "use"


def storable_s(
    status: int, headers: Sequence[tuple[str, str]], ttl_s: float, *, negative_ttl_s: float = 0.0
) -> float:
    """How long the answer to a GET may be kept: `ttl_s` or what the service says, if that is less; 0 = not at all.

    A service's own age limit binds; without one the route's does. `Vary: *` and a compressed body (nobody asked for
    one) are never kept; other `Vary` fields are harmless, because those headers do not go upstream. That something
    does not exist is kept for `negative_ttl_s`, and never longer than a good answer.
    """
    values = _values_by_name(headers)
    if status in _ABSENT:
        ttl_s = min(ttl_s, negative_ttl_s)
    elif status != HTTPStatus.OK:
        return 0.0
    if "set-cookie" in values or "content-encoding" in values:
        return 0.0
    if "*" in (field.strip() for value in values.get("vary", ()) for field in value.split(",")):
        return 0.0
    said = directives(values.get("cache-control", ()))
    if any(name in said for name in _NEVER_STORED):
        return 0.0
    for name in ("s-maxage", "max-age"):
        if name in said:
            return min(ttl_s, float(said[name])) if said[name].isdecimal() and said[name].isascii() else 0.0
    return ttl_s


def may_stand_in(status: int, headers: Sequence[tuple[str, str]]) -> bool:
    """Whether a stored answer may be given beyond its time when its service fails (RFC 5861, section 4)."""
    said = directives(_values_by_name(headers).get("cache-control", ()))
    return status == HTTPStatus.OK and not any(name in said for name in FORBIDS_STALE)


def may_be_shared(status: int, headers: Sequence[tuple[str, str]]) -> bool:
    """Whether all who asked for the same thing while it was on its way may have this answer, stored or not."""
    values = _values_by_name(headers)
    if status in _OF_ONE_CLIENT or "set-cookie" in values:
        return False
    if "*" in (field.strip() for value in values.get("vary", ()) for field in value.split(",")):
        return False
    said = directives(values.get("cache-control", ()))
    return not any(name in said for name in _NEVER_STORED)


def strong_entity_tag(body: bytes) -> str:
    """The same bytes have the same tag, at every gateway."""
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


def is_known_to_client(if_none_match: Sequence[str], entity_tag: str) -> bool:
    """Whether one of the client's tags is this one; compared weakly, as RFC 9110, section 13.1.2, has it."""
    known = ",".join(if_none_match)
    return known.strip() == "*" or entity_tag.removeprefix("W/") in _ENTITY_TAG.findall(known)


def _values_by_name(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Of the fields that decide anything."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        lowered = name.lower()
        if lowered in _DECIDING:
            values.setdefault(lowered, []).append(value)
    return values
