"""What an answer proves of itself: its bytes are whole, and it is the answer to what was asked. Pure.

A proof costs the generator a few microseconds an answer, so it is asked for, never assumed.
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Literal

from scalelab.contracts.processing import ProcessView
from scalelab.contracts.records import record_checksum

ProofKind = Literal["content-digest", "record", "process"]
"""`content-digest`: RFC 9530, of any server; `record` and `process`: what the laboratory's own services answer."""
Defect = Literal["", "torn", "foreign", "stale", "malformed", "done twice", "lost"]
"""torn: the parts do not belong together; foreign: it answers something else, or is somebody else's; stale: older
than it may be; malformed: no such answer at all; done twice: work that was to be done once; lost: work that was
acknowledged and that nobody knows any more; empty: all is well."""
Headers = Mapping[bytes, bytes]
"""Names in lower case."""
Check = Callable[[Headers, bytes], Defect]
WRONG_ANSWER = "wrong answer: "
"""Before a defect, among the kinds of failures."""
_SHA_256 = re.compile(rb"(?:^|,)\s*sha-256=:([A-Za-z0-9+/]+={0,2}):")
_AGE = re.compile(rb"[0-9]{1,18}")


def digest_defect(headers: Headers, body: bytes) -> Defect:
    """Whether the body has the SHA-256 that `Content-Digest` names; malformed when it names none."""
    found = _SHA_256.search(headers.get(b"content-digest", b""))
    if found is None:
        return "malformed"
    try:
        told = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        return "malformed"
    return "" if told == sha256(body).digest() else "torn"


def record_defect(key: int, body: bytes) -> Defect:
    """Whether the body is a whole record, and the one with this key."""
    document = _document(body)
    if document is None:
        return "malformed"
    match document:
        case {
            "key": int() as its_key,
            "version": int() as version,
            "value": str() as value,
            "checksum": str() as told,
        }:
            if told != record_checksum(its_key, version, value):
                return "torn"
            return "" if its_key == key else "foreign"
    return "malformed"


def process_defect(key: int, body: bytes) -> Defect:
    """Whether the body is a whole result, and the one made from this key."""
    try:
        view = ProcessView.model_validate_json(body)
    except ValueError:
        return "malformed"
    if not view.is_whole():
        return "torn"
    return "" if view.key == key else "foreign"


def version_of(body: bytes) -> int | None:
    """The version of a whole record; None when there is none to read."""
    version = (_document(body) or {}).get("version")
    return version if isinstance(version, int) else None


def age_defect(headers: Headers, longest_s: float) -> Defect:
    """Whether `Age` is at most what a time to live and a stale window allow, rounding aside."""
    age = headers.get(b"age", b"")
    if not age:
        return ""
    if not _AGE.fullmatch(age):
        return "malformed"
    return "stale" if int(age) > longest_s + 1 else ""


def check_for(kind: ProofKind, key: int, longest_age_s: float = math.inf) -> Check:
    """What to ask of the answer to a request for `key`, which may be so old."""
    if kind == "content-digest":
        return digest_defect  # of any server, whose fields and cache are its own affair
    defect = record_defect if kind == "record" else process_defect
    return lambda headers, body: defect(key, body) or age_defect(headers, longest_age_s)


def _document(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
