"""Which answers may be compressed for whom, and what their fields then say. Pure.

gzip alone: Python 3.11 has no other coding that clients know. Rules: RFC 9110, sections 8.4, 8.8.1, 12.5.3, 12.5.5.
"""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus

RawFields = Sequence[tuple[bytes, bytes]]

CODING = "gzip"
_ALIASES = frozenset({"gzip", "x-gzip"})
_QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_COMPRESSIBLE = re.compile(rb"text/(?!event-stream)[\w.+-]+|application/(?:[\w.+-]+\+)?(?:json|xml)|image/svg\+xml")
_OTHER_COMPRESSIBLE = frozenset({b"application/javascript", b"application/x-ndjson", b"application/graphql"})
_WITHOUT_A_WHOLE_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED})
_FORBIDDING = frozenset({b"content-encoding", b"content-range", b"content-digest", b"content-md5"})
"""Of bytes that are compressed already, or that the field describes as they are."""


def accepts_gzip(accept_encoding: Iterable[str]) -> bool:
    """Whether a client takes gzip, and likes it at least as much as no coding at all.

    Args:
        accept_encoding: the lines of the field.
    """
    qualities: dict[str, float] = {}
    for member in (part for line in accept_encoding for part in line.split(",")):
        name, _, parameter = member.partition(";")
        qualities[name.strip().lower()] = _quality(parameter)
    told = [qualities[name] for name in _ALIASES if name in qualities]
    quality = max(told) if told else qualities.get("*", 0.0)
    return quality > 0 and quality >= qualities.get("identity", 0.0)


def is_compressible(status: int, fields: RawFields) -> bool:
    """Whether an answer may be compressed at all: its type, its status, and nothing that forbids it."""
    if status < HTTPStatus.OK or status in _WITHOUT_A_WHOLE_BODY:
        return False
    media_type = b""
    for name, value in fields:
        if name in _FORBIDDING or (name == b"cache-control" and b"no-transform" in value.lower()):
            return False
        if name == b"content-type":
            media_type = value.partition(b";")[0].strip().lower()
    return bool(_COMPRESSIBLE.fullmatch(media_type)) or media_type in _OTHER_COMPRESSIBLE


def announced_bytes(fields: RawFields) -> int | None:
    """The length that an answer says it has; None when it says none."""
    lengths = [value for name, value in fields if name == b"content-length"]
    return int(lengths[0]) if len(lengths) == 1 and lengths[0].isdigit() else None


def varying(fields: RawFields) -> list[tuple[bytes, bytes]]:
    """The fields of an answer that is compressed for some: caches must not give one client's to another."""
    length = [pair for pair in fields if pair[0] == b"content-length"]  # first, as the hit path writes it
    kept = [pair for pair in fields if pair[0] not in {b"vary", b"content-length"}]
    names = [part.strip() for name, value in fields if name == b"vary" for part in value.split(b",") if part.strip()]
    if b"*" not in names and b"accept-encoding" not in [name.lower() for name in names]:
        names.append(b"Accept-Encoding")
    return [*length, (b"vary", b", ".join(names)), *kept]


def weakened(fields: RawFields) -> list[tuple[bytes, bytes]]:
    """With an entity tag that does not promise the same bytes."""
    return [(name, b"W/" + value if name == b"etag" and value.startswith(b'"') else value) for name, value in fields]


def compressed_fields(fields: RawFields, body_bytes: int | None) -> list[tuple[bytes, bytes]]:
    """The fields of a compressed answer; `body_bytes` is its length, None when that is not known yet."""
    kept = [pair for pair in varying(weakened(fields)) if pair[0] not in {b"content-length", b"accept-ranges"}]
    length = [] if body_bytes is None else [(b"content-length", b"%d" % body_bytes)]
    return [*length, (b"content-encoding", CODING.encode()), *kept]


def _quality(parameter: str) -> float:
    """1 without a parameter; 0 for one that cannot be read: what is not understood is not accepted."""
    if not parameter.strip():
        return 1.0
    name, _, value = parameter.partition("=")
    is_one = name.strip().lower() == "q" and _QUALITY.fullmatch(value.strip())
    return float(value) if is_one else 0.0
