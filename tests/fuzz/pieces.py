"""What messages and fields are drawn from: what is usual, what is known to deceive, and bytes at random."""

from hypothesis import strategies as st

RAW = st.binary(max_size=6)
TARGETS = [
    b"/data?key=1",
    b"/process?key=12",
    b"/",
    b"*",
    b"http://lab/x",
    b"/a b",
    b"/%2e%2e/x",
    b"/x#y",
    b"/data?key=" + b"9" * 19,
]
NAMES = [
    b"Host",
    b"host",
    b"Content-Length",
    b"Transfer-Encoding",
    b"Connection",
    b"X-A",
    b"Authorization",
    b"X-Request-Id",
    b"Upgrade",
    b"Expect",
    b"X_Forwarded_For",
    b"Content-Length ",
    b"",
    b"X\x00",
    b"TE",
    b"Trailer",
    b"ETag",
    b"Cache-Control",
    b"Date",
]
VALUES = [
    b"lab",
    b"0",
    b"3",
    b"5",
    b"+3",
    b"3, 3",
    b"chunked",
    b"Chunked",
    b",chunked",
    b"gzip, chunked",
    b"close",
    b"keep-alive",
    b"a\x00",
    b"a\rb",
    b"Bearer a.b.c",
    b"100-continue",
    b"h2c",
    b"",
    b" ",
    b"18446744073709551617",
    b'"e"',
    b"max-age=5",
    b"id-1",
    b"a" * 300,
]
_ENDS = st.sampled_from([b"\r\n"] * 12 + [b"\n", b"\r", b"\r\n ", b"\r\r\n"])
_SEPARATORS = st.sampled_from([b": "] * 8 + [b":", b":\t", b" : ", b""])

field = st.tuples(st.sampled_from(NAMES) | RAW, _SEPARATORS, st.sampled_from(VALUES) | RAW, _ENDS).map(b"".join)
plain_field = st.builds(
    lambda name, value: name + b": " + value + b"\r\n",
    st.sampled_from([b"X-A", b"X-B", b"Accept", b"Authorization"]),
    st.sampled_from([b"a", b"b c", b"Bearer a.b.c"]),
)
chunk = st.one_of(
    st.sampled_from([b"0\r\n\r\n", b"3\r\nabc\r\n", b"3;x=y\r\nabc\r\n", b"0\r\nX-T: v\r\n\r\n", b"0x3\r\nabc\r\n"]),
    RAW,
)
bodies = st.one_of(st.just(b""), st.just(b"abc"), st.just(b"abcde"), st.lists(chunk, max_size=3).map(b"".join))

_request_lines = st.builds(
    lambda method, target, version: method + b" " + target + b" HTTP/" + version + b"\r\n",
    st.sampled_from([b"GET", b"GET", b"POST", b"PUT", b"HEAD", b"get", b"G\x00T", b"CONNECT", b"OPTIONS"]),
    st.sampled_from(TARGETS) | RAW,
    st.sampled_from([b"1.1"] * 6 + [b"1.0", b"2.0", b"9.9", b"1.1 "]),
)
_status_lines = st.builds(
    lambda version, status: b"HTTP/" + version + b" " + status + b"\r\n",
    st.sampled_from([b"1.1"] * 6 + [b"1.0", b"2.0"]),
    st.sampled_from([b"200 OK"] * 4 + [b"204 No", b"304 Not", b"100 Continue", b"101 S", b"abc", b"99 X", b"200"]),
)


def _message(line, first, fields, body):
    return line + first + b"".join(fields) + b"\r\n" + body


_FRAMINGS = [b"", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n"]
_plain_bodies = {b"": b"", _FRAMINGS[1]: b"abc", _FRAMINGS[2]: b"3\r\nabc\r\n0\r\n\r\n"}
good_request = st.builds(
    lambda method, target, framing, fields: _message(
        method + b" " + target + b" HTTP/1.1\r\n", b"Host: lab\r\n", [*fields, framing], _plain_bodies[framing]
    ),
    st.sampled_from([b"GET", b"POST", b"PUT"]),
    st.sampled_from(TARGETS[:2]),
    st.sampled_from(_FRAMINGS),
    st.lists(plain_field, max_size=3),
)
odd_request = st.builds(
    _message, _request_lines, st.just(b"Host: lab\r\n") | field, st.lists(field, max_size=4), bodies
)
good_answer = st.builds(
    lambda framing, fields: _message(
        b"HTTP/1.1 200 OK\r\n", framing or b"Content-Length: 0\r\n", fields, _plain_bodies[framing]
    ),
    st.sampled_from(_FRAMINGS),
    st.lists(plain_field, max_size=3),
)
odd_answer = st.builds(_message, _status_lines, field, st.lists(field, max_size=4), bodies)


@st.composite
def changed(draw, messages):
    """A message with at most two of its bytes taken, put in or changed."""
    data = bytearray(draw(messages))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        data[place : place + draw(st.integers(0, 1))] = draw(st.binary(max_size=1))
    return bytes(data)


requests = st.lists(st.one_of(good_request, odd_request, changed(good_request)), min_size=1, max_size=3).map(b"".join)
answers = st.one_of(good_answer, odd_answer, changed(good_answer), st.binary(max_size=60))


@st.composite
def in_pieces(draw, data):
    """The same bytes as they may arrive: cut at a few places, or everywhere."""
    if draw(st.booleans()):
        return [data[place : place + 1] for place in range(len(data))]
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=4)))
    return [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True) if end > begin]


field_text = st.one_of(
    st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=30),
    st.lists(
        st.sampled_from(
            [
                '"',
                "\\",
                ",",
                ";",
                "=",
                " ",
                "no-store",
                "max-age",
                "s-maxage",
                "private",
                "bytes",
                "-",
                "5",
                "9" * 40,
                "W/",
                '"a"',
                "*",
                "q=0.5",
                "Thu, 01 Jan 1970 00:00:00 GMT",
                "0000",
                "::1",
                "127.0.0.1",
                "[",
                "é",
            ]
        ),
        max_size=8,
    ).map("".join),
)
