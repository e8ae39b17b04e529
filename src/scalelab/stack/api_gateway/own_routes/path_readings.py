"""Every way in which servers read one and the same path. Pure.

A gateway that reads a path differently from the service behind it guards the wrong door. Servers differ in whether
they decode a letter that needed no encoding, decode twice, take a backslash for a slash, drop `;parameters`, join
slashes and resolve dot segments; all of these are readings.
"""

import re
from itertools import product
from urllib.parse import unquote_to_bytes

_PLAIN = re.compile(r"/|(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._~!$&'()*+,=:@-]+)+/?")
"""One reading only."""
_OFTEN_LEFT = re.compile(r"%(?:[46][1-9A-Fa-f]|[57][0-9Aa]|3[0-9]|2[D-Fd-f]|5[CcFf])")
"""What a server may leave encoded when it looks for a route: letters, digits, `-`, `.`, `_`, and both slashes."""
_MALFORMED = re.compile(r"%(?![0-9A-Fa-f]{2})")
"""Servers guess what it means; the gateway does not."""
_SENDABLE = re.compile(r"/[!-~]*")
_NEVER = re.compile(
    r"[\x00-\x1f\x7f]|[\udcc0\udcc1][\udc80-\udcbf]|\udce0[\udc80-\udc9f][\udc80-\udcbf]|\udcf0[\udc80-\udc8f]"
)
"""Control characters, and UTF-8 that is longer than needed (RFC 3629, 3), which some decoders take for `.` or `/`."""
_PARAMETERS = re.compile(r";[^/]*")
_SLASHES = re.compile(r"/{2,}")
MAX_PATH_BYTES = 4096
"""A longer one is refused: reading it in every way takes time that a client should not have for nothing."""
_MOST_DECODINGS = 3


def readings(raw_path: str) -> frozenset[str]:
    """What servers may take `raw_path` for, percent-decoded; none for a path that no server should be given.

    Args:
        raw_path: as in the request line, without the query. Latin-1 text.
    """
    if len(raw_path) > MAX_PATH_BYTES:
        return frozenset()
    if _PLAIN.fullmatch(raw_path):
        return frozenset({raw_path})
    if not _SENDABLE.fullmatch(raw_path) or _MALFORMED.search(raw_path):
        return frozenset()
    decodings = _decodings(raw_path)
    if any(_NEVER.search(decoded) for decoded in decodings):
        return frozenset()
    found = set()
    for decoded, *ways in product(decodings, (True, False), (True, False), (True, False), (True, False)):
        has_backslashes, has_parameters, joins_slashes, resolves_dots = ways
        path = decoded if has_backslashes else decoded.replace("\\", "/")
        path = path if has_parameters else _PARAMETERS.sub("", path)
        path = _SLASHES.sub("/", path) if joins_slashes else path
        found.add(_without_dot_segments(path) if resolves_dots else path)
    return frozenset(found)


def _decodings(raw_path: str) -> list[str]:
    """With what is often left as it came; then decoded once, twice, until nothing is left to decode.

    Each time makes it shorter, so there is an end; what takes more than `_MOST_DECODINGS` is no honest path.
    """
    kept = _OFTEN_LEFT.sub(lambda match: match.group().replace("%", "%25"), raw_path)
    decoded = [_decoded(kept), _decoded(raw_path)]
    for _ in range(_MOST_DECODINGS):
        following = _decoded(decoded[-1])
        if following == decoded[-1]:
            return decoded
        decoded.append(following)
    return ["\x00"]


def _decoded(text: str) -> str:
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def _without_dot_segments(path: str) -> str:
    """RFC 3986, section 5.2.4."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    is_folder = segments[-1] in {".", ".."}
    return "/" + "/".join(kept) + ("/" if is_folder and kept else "")
