"""Any bytes from the cache's server: an entry that proves itself, a reply to a command, or nothing."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from fuzz.budget import fuzzed
from fuzz.test_fuzz_requests import Wire
from scalelab.stack.api_gateway.cached_answer import CachedAnswer, decode, encode
from scalelab.stack.api_gateway.origin.store import _names_in
from scalelab.stack.api_gateway.origin.stored_exchange import decode_response, encode_response
from scalelab.stack.api_gateway.sealing import seal
from scalelab.stack.cache.resp_client import RespConnectionError, RespError, _Line
from scalelab.stack.http_cache.exchange import Response
from scalelab.stack.http_cache.fields import Fields

_times = st.floats(0, 1e12)
_fields = st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3)
_answers = st.builds(CachedAnswer, _times, _times, _fields.map(tuple), st.binary(max_size=20), st.integers(100, 599))
_keys = st.binary(max_size=8)


@fuzzed
@given(
    answer=_answers,
    key=_keys,
    other=_keys,
    entry=st.binary(max_size=80),
    place=st.integers(0, 400),
    byte=st.binary(max_size=1),
)
def test_an_entry_comes_back_under_its_key_and_whole(answer, key, other, entry, place, byte):
    """Torn, changed or another's it is none."""
    kept = encode(answer, key)
    changed = kept[: place % len(kept)] + byte + kept[place % len(kept) + 1 :]

    assert decode(kept, key) == answer
    assert decode(kept, other) is None or other == key
    assert decode(changed, key) is None or changed == kept
    assert decode(entry, key) is None


@fuzzed
@given(
    status=st.integers(100, 599), fields=_fields, body=st.binary(max_size=20), key=_keys, entry=st.binary(max_size=80)
)
def test_a_stored_response_comes_back(status, fields, body, key, entry):
    """And nothing else is one."""
    response = Response(status, Fields(fields), body, 1.0, 2.0)

    assert decode_response(encode_response(response, key), key) == response
    assert decode_response(entry, key) is None


_json = st.recursive(
    st.none() | st.integers() | st.text(max_size=4) | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@fuzzed
@given(head=_json, body=st.binary(max_size=9), key=_keys)
def test_a_sealed_entry_of_another_form_is_none(head, body, key):
    """Whole, and with the right version, but not what is written here."""
    assert decode(seal(2, head, body, key), key) is None
    assert decode_response(seal(2, head, body, key), key) is None


@fuzzed
@given(
    value=st.binary(max_size=20)
    | st.sampled_from([b"[]", b'["accept"]', b'["\xc3\xa9"]', b"[1]", b"{}", b"[" * 9000])
)
def test_an_index_is_names_or_none(value):
    """It carries no proof."""
    names = _names_in(value)

    assert names is None or all(isinstance(name, str) for name in names)


_replies = st.lists(
    st.one_of(
        st.sampled_from(
            [
                b"+OK\r\n",
                b"-ERR no\r\n",
                b"-\xff\xfe\r\n",
                b":5\r\n",
                b"$3\r\nabc\r\n",
                b"$-1\r\n",
                b"*2\r\n:1\r\n$1\r\na\r\n",
                b"*-1\r\n",
                b"%1\r\n+a\r\n:1\r\n",
                b">1\r\n+x\r\n",
                b"_\r\n",
                b",1.5\r\n",
                b"#t\r\n",
                b"=7\r\ntxt:abc\r\n",
                b"(9\r\n",
                b"$999999999999\r\n",
                b"*99999999999\r\n",
                b":99999999999999999999\r\n",
                b"*1\r\n" * 300,
                b"~1\r\n:1\r\n",
                b"!3\r\nERR\r\n",
            ]
        ),
        st.binary(max_size=8),
    ),
    max_size=5,
)


class Broken(Wire):
    """A connection that can be broken off."""

    def abort(self):
        self.is_closed = True


async def _asked(commands, pieces):
    line, wire = _Line(), Broken()
    line.connection_made(wire)
    waiting = [line.send(("GET", "a")) for _ in range(commands)]
    for piece in pieces:
        if not wire.is_closed:
            line.data_received(piece)
    line.connection_lost(None)
    return await asyncio.gather(*waiting, return_exceptions=True)


@fuzzed
@given(commands=st.integers(0, 4), pieces=_replies)
def test_each_command_has_its_reply_or_a_fault(commands, pieces):
    """Whatever the server says, and however much of it: nobody waits for ever, nothing else is raised."""
    told = asyncio.run(_asked(commands, pieces))

    assert len(told) == commands
    assert all(
        isinstance(reply, RespError | RespConnectionError) for reply in told if isinstance(reply, BaseException)
    )
