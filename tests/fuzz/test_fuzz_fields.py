"""Any text as a field's value: a meaning within its bounds or none, never an exception, and in one pass."""

import ipaddress
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.budget import fuzzed
from fuzz.pieces import field_text
from scalelab.stack.api_gateway.client_address import UNKNOWN, TrustedPeers, client_address
from scalelab.stack.api_gateway.content_coding import accepts_gzip
from scalelab.stack.api_gateway.freshness import directives, is_known_to_client, lookup_wish, storable_s
from scalelab.stack.api_gateway.own_routes.path_readings import readings
from scalelab.stack.http_cache.conditions import is_not_modified, validating_fields
from scalelab.stack.http_cache.directives import MAX_DELTA_S, parse_directives
from scalelab.stack.http_cache.exchange import Response
from scalelab.stack.http_cache.fields import Fields
from scalelab.stack.http_cache.http_dates import format_http_date, parse_http_date
from scalelab.stack.http_cache.ranges import parse_range
from scalelab.stack.http_cache.varying import variant_of, varying_names
from scalelab.stack.service_kit.message_rules import Framing, framing_of
from scalelab.stack.upstream.time_left import wished_s

NOW_S = 1_800_000_000.0
LENGTH = 1_000_000
"""Of a value that would take hours if its length counted twice."""
LONG_VALUES = [
    "a" * LENGTH + '"',
    " " * LENGTH + '"',
    "a" + " " * LENGTH + "b",
    "a=" + " " * LENGTH + '"',
    'a="' + "\\" * LENGTH,
    "a;" * (LENGTH // 2),
    "a" + " ;" * (LENGTH // 2) + '"',
    '"' * LENGTH,
    "9" * LENGTH,
    "bytes=" + "9" * LENGTH + "-",
    "max-age=" + "9" * LENGTH + ", max-age=" + "8" * LENGTH,
]


def read_in_every_way(value):
    """By all that read fields of clients and services."""
    fields = Fields([(name, value) for name in ("if-none-match", "cache-control", "vary", "accept-language", "etag")])
    response = Response(200, fields, b"body", NOW_S, NOW_S)
    for name in ("max-age", "s-maxage", "no-store"):
        age_s = parse_directives([value, value], target="scalelab").delta_s(name)
        assert age_s is None or 0 <= age_s <= MAX_DELTA_S
    assert all(isinstance(said, str) for said in directives([value]).values())
    assert lookup_wish([value]) in {"use", "refresh", "ignore"}
    assert 0 <= storable_s(200, [("cache-control", value), ("vary", value)], 9.0) <= 9.0
    assert isinstance(is_known_to_client([value], '"a"'), bool)
    assert isinstance(is_not_modified(fields, response), bool)
    assert len(list(validating_fields(response))) <= 2
    assert all(varying_names(fields))
    assert variant_of(("accept-language", "x"), fields)[1] == ("x", None)
    assert isinstance(accepts_gzip([value]), bool)
    assert (wished_s([value]) or 0.0) >= 0.0
    wanted = parse_range(value, 10)
    assert wanted is None or 0 <= wanted.first <= wanted.last < 10


@fuzzed
@given(value=field_text)
def test_a_field_is_read_whatever_it_says(value):
    """Never an exception."""
    read_in_every_way(value)


@pytest.mark.parametrize("value", LONG_VALUES, ids=lambda value: value[:4].strip() or "spaces")
def test_a_long_field_is_read_in_one_pass(value):
    """A client chooses its length, and everybody waits."""
    read_in_every_way(value)


@fuzzed
@given(unix_time_s=st.integers(0, 253_402_300_799))
def test_a_date_comes_back(unix_time_s):
    """From the form that is written; and as Python's own library reads it."""
    text = format_http_date(unix_time_s)

    assert parse_http_date(text) == unix_time_s == parsedate_to_datetime(text).timestamp()


_number = st.integers(0, 10_000).map(str) | st.sampled_from(["0000", "00", "1", "9999", "\u0661"])
_dates = st.builds(
    "{}, {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Thu", "thu", ""]),
    _number | st.sampled_from(["01", "31"]),
    st.sampled_from(["Jan", "Feb", "Foo"]),
    _number,
    st.sampled_from(["00", "24", "23"]),
    st.sampled_from(["00", "60"]),
    st.sampled_from(["00", "60", "61"]),
    st.sampled_from(["GMT", "UTC", "+0100"]),
)


@fuzzed
@given(text=_dates | field_text)
def test_a_date_is_one_or_none(text):
    """No other library reads a strict date as another moment."""
    found = parse_http_date(text, NOW_S)

    assert found is None or isinstance(found, int)
    if found is not None and ":60 " not in text and "GMT" in text and text[3] == ",":
        assert parsedate_to_datetime(text).timestamp() == found


_addresses = st.ip_addresses().map(str) | st.sampled_from(["127.0.0.1", "::ffff:127.0.0.1", "1.2.3.4:80", "unknown"])


@fuzzed
@given(
    peer=st.none() | _addresses,
    said=st.lists(st.lists(_addresses | field_text, max_size=4).map(",".join), max_size=3),
)
def test_a_client_has_one_address(peer, said):
    """Of an untrusted peer its own, whatever it says; of a trusted one at most what was said by the trusted."""
    trusted = TrustedPeers(["127.0.0.0/8"])
    found = client_address(peer, said, trusted)

    assert found == UNKNOWN or ipaddress.ip_network(found)
    if found != UNKNOWN and not found.startswith("127."):
        assert found == client_address(peer, [], trusted) or any("127." in part or peer for part in said)
    if peer is not None and not any(local in peer for local in ("127.", "unknown", ":80")):
        assert found == client_address(peer, [], trusted)


@fuzzed
@given(
    path=st.text(max_size=20)
    | st.lists(st.sampled_from(["/", "..", "%2e", "%2f", "%", "a", ";", "\\", "é"]), max_size=9).map("".join)
)
def test_a_path_has_readings_or_none(path):
    """Each begins with a slash and holds no control character."""
    found = readings(path)

    assert all(reading.startswith("/") and "\x00" not in reading for reading in found)


_field_names = st.sampled_from([b"host", b"transfer-encoding", b"content-length", b"x"])


@fuzzed
@given(
    fields=st.lists(
        st.tuples(_field_names, st.binary(max_size=20) | st.sampled_from([b"chunked", b"3", b"lab"])), max_size=5
    )
)
def test_a_framing_is_one_or_a_refusal(fields):
    """One host, and a length that is believed or chunks, never both."""
    found = framing_of("1.1", b"/", fields)

    if isinstance(found, Framing):
        names = [name for name, _ in fields]
        assert names.count(b"host") == 1
        assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1
        assert found.is_chunked == (b"transfer-encoding" in names)
