"""Any bytes as a request to the Python balancer: what it passes on is one request for a gateway, with our word."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from fuzz.budget import fuzzed
from fuzz.pieces import changed, field, good_request, odd_request
from fuzz.test_fuzz_requests import as_h11_reads, served
from scalelab.stack.load_balancer.python_engine.wire.field_lines import CHUNKED
from scalelab.stack.load_balancer.python_engine.wire.received_request import ReceivedRequest, RequestReader

ADDRESS = b"10.0.0.1"
_BODIES = {CHUNKED: b"3\r\nabc\r\n0\r\n\r\n"}
_CLAIMS = st.sampled_from(
    [
        b"X-Forwarded-For: 6.6.6.6\r\n",
        b"x-forwarded-host: evil\r\n",
        b"X_Forwarded_For: 6.6.6.6\r\n",
        b"Forwarded: for=6.6.6.6\r\n",
        b"X-Real-IP: 6.6.6.6\r\n",
        b"X-Request-Id: a b\r\n",
        b"Connection: x-forwarded-for, x-request-id, host, content-length\r\n",
        b"TE: trailers\r\n",
        b"Keep-Alive: timeout=9\r\n",
        b"Upgrade: websocket\r\n",
    ]
)
_fields = st.lists(_CLAIMS | field, max_size=4).map(b"".join)


@st.composite
def heads(draw):
    """With more fields put behind the first line end."""
    head = draw(st.one_of(good_request, odd_request, changed(good_request))).partition(b"\r\n\r\n")[0]
    line, end, rest = head.partition(b"\r\n")
    return (line + end + draw(_fields) + rest).partition(b"\r\n\r\n")[0]


@fuzzed
@given(head=heads())
def test_what_is_passed_on_is_one_request_with_our_word_on_it(head):
    """The same method and target for the gateway, for h11 and for the balancer; nothing that the client claims."""
    request = RequestReader().read(head)
    if not isinstance(request, ReceivedRequest) or request.fields.body > 100_000:
        return
    request.request_id = request.request_id or b"ours"
    sent = request.head_for_member(ADDRESS) + _BODIES.get(request.fields.body, b"x" * max(0, request.fields.body))
    read, statuses, _ = asyncio.run(served([sent]))
    by_the_letter = as_h11_reads(sent)

    assert len(statuses) <= 1
    assert len(by_the_letter) <= 1
    for method, target, fields, body in [*read, *by_the_letter]:
        names = [bytes(name).lower() for name, _ in fields]
        told = {name: value for name, value in fields if names.count(name.lower()) == 1}
        assert method == request.method
        assert target in {request.target, b"/"} or b"://" in request.target
        assert (told[b"x-forwarded-for"], told[b"x-request-id"]) == (ADDRESS, request.request_id)
        assert told[b"x-forwarded-host"] == told[b"host"]
        assert not any(b"_" in name for name in names)
        assert not {b"te", b"keep-alive", b"forwarded", b"x-real-ip", b"trailer", b"proxy-connection"} & set(names)
        assert body == (b"abc" if request.fields.body == CHUNKED else b"x" * max(0, request.fields.body))
