"""What the corpus of the balancers lacks: requests to deceive a gateway, and answers to deceive it from behind.

The ids are those of docs/reference/known-failures.md. Facts only, from public reports and the standards.
"""

from engines.load_balancer.framing_corpus import PASSED, SMUGGLED, Case

TOO_LARGE_HEAD = frozenset({400, 431})


def _get(*fields, target=b"/echo", version=b"1.1", host=b"Host: lab\r\n"):
    return b"GET %b HTTP/%b\r\n%b%b\r\n" % (target, version, host, b"".join(field + b"\r\n" for field in fields))


def _post(*fields, body=b"", version=b"1.1"):
    lines = b"".join(field + b"\r\n" for field in fields)
    return b"POST /echo HTTP/%b\r\nHost: lab\r\n%b\r\n%b" % (version, lines, body)


_CHUNKED = b"Transfer-Encoding: chunked"
_EMPTY = b"0\r\n\r\n"

CASES = (
    Case("A01_chunked_in_1_0", _post(_CHUNKED, body=_EMPTY + SMUGGLED, version=b"1.0")),
    Case(
        "A05_gzip_and_chunked",
        _post(b"Transfer-Encoding: gzip, chunked", body=_EMPTY + SMUGGLED),
        frozenset({400, 422, 501}),
    ),
    Case("A05_two_lines", _post(_CHUNKED, _CHUNKED, body=_EMPTY + SMUGGLED)),
    Case("A05_two_lines_one_odd", _post(_CHUNKED, b"Transfer-Encoding: identity", body=_EMPTY + SMUGGLED)),
    Case("A08_bare_line_feed_in_chunks", _post(_CHUNKED, body=b"5\nabcde\r\n0\r\n\r\n" + SMUGGLED)),
    Case("A08_nul_in_target", _get(target=b"/echo\x00")),
    Case("A18_head_of_64_kib", _get(b"X-A: " + b"a" * 65_536), TOO_LARGE_HEAD),
    Case("A18_ten_thousand_fields", _get(*[b"X: y"] * 10_000), TOO_LARGE_HEAD),
    Case("A18_target_of_64_kib", _get(target=b"/echo?" + b"a" * 65_536), TOO_LARGE_HEAD | {414}),
    Case(
        "A12_upgrade",
        _get(b"Connection: Upgrade, HTTP2-Settings, close", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
        PASSED,
        (b"\r\nupgrade:", b"h2c", b"http2-settings"),
    ),
    Case(
        "B14_address_in_a_trailer",
        _post(
            _CHUNKED,
            b"Connection: close",
            b"Trailer: X-Forwarded-For",
            body=b"2\r\nab\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\nX-User-Id: 6.6.6.7\r\n\r\n",
        ),
        PASSED,
        (b"6.6.6.6", b"6.6.6.7"),
    ),
)
"""The answer to any that is not passed must be the last one."""

ODD_TARGETS = (
    Case("no_host", _get(b"Connection: close", host=b"")),
    Case("host_with_a_path", _get(b"Connection: close", host=b"Host: lab/../evil\r\n")),
    Case("host_with_a_space", _get(b"Connection: close", host=b"Host: lab evil\r\n")),
    Case("host_with_a_user", _get(b"Connection: close", host=b"Host: lab@evil\r\n")),
    Case("fragment", _get(b"Connection: close", target=b"/echo#x")),
    Case(
        "connect",
        b"CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\nConnection: close\r\n\r\n",
        frozenset({400, 404, 405, 501}),
    ),
)
"""Framed as they should be, but nobody can say for whom they are."""

FOLDED = _get(b"Connection: close", b"X-A: a\r\n b")
BARE_LINE_FEEDS = b"GET /echo HTTP/1.1\nHost: lab\nConnection: close\n\n"
"""May be refused, or mended before they go on (RFC 9112, 2.2 and 5.2)."""

_OTHER_NAMES = (
    "/public/../protected",
    "/public/./../protected",
    "/public/%2e%2e/protected",
    "/public/.%2e/protected",
    "/public/..%2fprotected",
    "/public/..%5cprotected",
    "/public/%252e%252e/protected",
    "/public/..;/protected",
    "/public//../protected",
    "/public/..\\protected",
    "//protected",
    "/./protected",
    "/%2e/protected",
    "/protected;x",
    "/%70rotected",
    "/protected%2f",
    "/protected%00",
    "/protected%0d%0aX-Evil:1",
    "/public/%zz/../protected",
    "/public/%c0%ae%c0%ae/protected",
)
PATH_TRICKS = tuple((name, _get(b"Connection: close", target=name.encode())) for name in _OTHER_NAMES)
"""A16: other spellings of `/protected`, some below the open `/public/`. Without a token none may reach it."""

_OK = b"HTTP/1.1 200 OK\r\n"
HOSTILE_ANSWERS = {
    "length_and_chunked": _OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "two_lengths": _OK + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\nok",
    "list_of_lengths": _OK + b"Content-Length: 2, 5\r\n\r\nok",
    "odd_length": _OK + b"Content-Length: +2\r\n\r\nok",
    "odd_chunk": _OK + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n",
    "odd_coding": _OK + b"Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\nok",
    "space_before_colon": _OK + b"Content-Length : 2\r\n\r\nok",
    "nul_in_value": _OK + b"Content-Length: 2\r\nX-A: a\x00b\r\n\r\nok",
    "return_in_value": _OK + b"Content-Length: 2\r\nX-A: a\rSet-Cookie: b\r\n\r\nok",
    "no_status": b"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok",
    "no_http": b"220 mail.example ESMTP\r\n",
    "switched": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "endless_head": _OK + b"X-A: a\r\n" * 20_000,
    "nothing": b"",
}
"""A22 and its kind: 502, whatever the service meant."""
