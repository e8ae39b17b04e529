"""Requests that are framed or named to deceive: bytes, the answers that are right, and what must reach no gateway.

Facts only, from public reports; the ids are those of docs/reference/known-failures.md. `/smuggled` stands wherever
a second request hides: whoever sees it has taken part of one message for another.
"""

from dataclasses import dataclass

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: lab\r\n\r\n"
REFUSED = frozenset({400, 501})
PASSED = frozenset({200})


@dataclass(frozen=True)
class Case:
    """One connection's bytes.

    `statuses` are the right first answers. After any but 200 the connection must be closed, with no second answer.
    `never_upstream` are bytes, in lower case, that no gateway may receive.
    """

    name: str
    sent: bytes
    statuses: frozenset[int] = REFUSED
    never_upstream: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class ByNature:
    """What an engine does otherwise, and what is known of it. No status: no answer at once."""

    status: int | None
    reason: str


def _post(*fields: bytes, body: bytes = b"") -> bytes:
    return b"POST /echo HTTP/1.1\r\nHost: lab\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


def _get(*fields: bytes, target: bytes = b"/echo") -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\nHost: lab\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


_CHUNKED = b"Transfer-Encoding: chunked"
_LENGTHS = {
    "plus": b"+5",
    "minus": b"-1",
    "underscore": b"1_0",
    "inner_space": b"1 0",
    "hex": b"0x5",
    "letters": b"5a",
}
_CHUNK_SIZES = {
    "hex_prefix": b"0x5",
    "plus": b"+5",
    "underscore": b"0_5",
    "empty": b"",
    "17_digits": b"1" + b"0" * 16,
}
_CODINGS = {
    "leading_comma": b",chunked",
    "vertical_tab": b"\x0bchunked",
    "no_break_space": b"\xa0chunked",
    "twice": b"chunked, chunked",
    "not_last": b"chunked, gzip",
    "identity": b"identity",
    "unknown": b"xchunked",
}

CASES = (
    Case(
        "A01_length_and_chunked",
        _post(b"Content-Length: 5", _CHUNKED, body=b"0\r\n\r\n" + SMUGGLED),
    ),
    Case(
        "A01_chunked_and_length",
        _post(_CHUNKED, b"Content-Length: 5", body=b"0\r\n\r\n" + SMUGGLED),
    ),
    Case("A02_two_lengths", _post(b"Content-Length: 36", b"Content-Length: 0", body=SMUGGLED)),
    Case("A02_list_of_lengths", _post(b"Content-Length: 3, 5", body=b"abc" + SMUGGLED)),
    *(
        Case(f"A03_length_{name}", _post(b"Content-Length: " + value, body=b"abcde" + SMUGGLED))
        for name, value in _LENGTHS.items()
    ),
    Case("A03_length_arabic_digit", _post("Content-Length: ٣".encode(), body=b"abc" + SMUGGLED)),
    Case("A03_length_wraps_to_one", _post(b"Content-Length: 18446744073709551617", body=b"a" + SMUGGLED)),
    Case("A03_length_wraps_to_none", _post(b"Content-Length: 18446744073709551616", body=SMUGGLED)),
    Case("A03_length_of_twenty_digits", _post(b"Content-Length: 18446744073709551615", body=b"a" + SMUGGLED)),
    Case("A03_length_beyond_a_signed_one", _post(b"Content-Length: 9223372036854775808", body=b"a" + SMUGGLED)),
    *(
        Case(f"A04_chunk_size_{name}", _post(_CHUNKED, body=size + b"\r\nabcde\r\n0\r\n\r\n" + SMUGGLED))
        for name, size in _CHUNK_SIZES.items()
    ),
    Case("A04_chunk_longer_than_said", _post(_CHUNKED, body=b"2\r\nabcde\r\n0\r\n\r\n" + SMUGGLED)),
    *(
        Case(f"A05_coding_{name}", _post(b"Transfer-Encoding: " + value, body=b"0\r\n\r\n" + SMUGGLED))
        for name, value in _CODINGS.items()
    ),
    Case("A07_space_before_colon", _post(b"Content-Length : 5", body=SMUGGLED)),
    Case("A07_space_before_colon_of_coding", _post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n" + SMUGGLED)),
    Case("A08_nul_in_value", _get(b"X-A: v\x00alue")),
    Case("A08_bare_cr_in_value", _get(b"X-A: b\rX-Evil: c")),
    Case("A08_control_in_name", _get(b"X-\x01A: b")),
    Case("A09_empty_name", _get(b": x")),
    Case("A09_empty_length", _post(b"Content-Length:", body=SMUGGLED)),
    Case("line_without_colon", _get(b"X-A")),
    Case("space_in_target", _get(target=b"/a b")),
    Case("unknown_version", b"GET /echo HTTP/9.9\r\nHost: lab\r\n\r\n", frozenset({400, 505})),
    Case("two_hosts", _get(b"Host: evil")),
    Case(
        "A12_named_in_connection",
        _get(b"Connection: X-Custom, close", b"X-Custom: for-this-hop", b"TE: trailers", b"Keep-Alive: timeout=9"),
        PASSED,
        (b"x-custom", b"\r\nte:", b"\r\nkeep-alive:"),
    ),
    Case(
        "A13_ours_named_in_connection",
        _get(b"Connection: X-Forwarded-For, X-Forwarded-Host, close", b"X-Forwarded-For: 6.6.6.6"),
        PASSED,
        (b"6.6.6.6",),
    ),
    Case(
        "A14_underscores",
        _get(b"Connection: close", b"X_Forwarded_For: 6.6.6.6", b"X-Forwarded_For: 6.6.6.7"),
        PASSED,
        (b"6.6.6.6", b"6.6.6.7"),
    ),
    Case(
        "B14_forged_address",
        _get(
            b"Connection: close",
            b"X-Forwarded-For: 6.6.6.6",
            b"X-Forwarded-For: 6.6.6.7",
            b"Forwarded: for=6.6.6.8",
            b"X-Real-IP: 6.6.6.9",
            b"X-Forwarded-Host: evil",
            b"X-Forwarded-Proto: gopher",
        ),
        PASSED,
        (b"6.6.6.", b"evil", b"gopher"),
    ),
)

_ONE_LENGTH = "takes chunked, drops the length before any rule and closes (RFC 9112, 6.1): one framing goes on"
_NAMES_REFUSED = "cannot remove what Connection names, so it refuses who names anything"
EXCEPTIONS = {
    ("haproxy", "A01_length_and_chunked"): ByNature(200, _ONE_LENGTH),
    ("haproxy", "A01_chunked_and_length"): ByNature(200, _ONE_LENGTH),
    ("envoy", "A08_bare_cr_in_value"): ByNature(200, "drops the CR: one harmless field goes on, not two"),
    ("envoy", "unknown_version"): ByNature(200, "reads every version but 1.1 as 1.0, and passes 1.1 on"),
    ("envoy", "A13_ours_named_in_connection"): ByNature(400, "refuses who names X-Forwarded-* in Connection"),
    ("nginx", "A12_named_in_connection"): ByNature(400, _NAMES_REFUSED),
    ("nginx", "A13_ours_named_in_connection"): ByNature(400, _NAMES_REFUSED),
    ("nginx", "line_without_colon"): ByNature(200, "drops the line"),
}
"""(engine, case) -> what is known."""
