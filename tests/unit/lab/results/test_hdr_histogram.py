"""Our counts and our encoding against the package `hdrhistogram`: the same text, the same figures, both ways."""

import base64
import struct
import zlib
from contextlib import suppress

import pytest
from hdrh.histogram import HdrHistogram as TheirHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from scalelab.lab.results.hdr_histogram import (
    BUCKETS,
    HIGHEST_US,
    HdrHistogram,
    TornHistogramError,
    bucket_of,
    decoded,
    highest_us_of,
    lowest_us_of,
)

SHIFTED = st.builds(lambda value, shift: min(value << shift, HIGHEST_US), st.integers(1, 4096), st.integers(0, 20))
VALUES = st.one_of(st.integers(0, HIGHEST_US), st.integers(0, 3000), SHIFTED)
PERCENTS = (0, 50, 99.9, 100)
FEW = settings(max_examples=30, deadline=None)  # the package takes milliseconds for each percentile
ENTRIES = st.lists(st.tuples(VALUES, st.one_of(st.integers(1, 300), st.integers(1, 2**40))), max_size=30)


def both(entries):
    """The same values in ours and in theirs."""
    ours, theirs = HdrHistogram(), TheirHistogram(1, HIGHEST_US, 3)
    for value_us, count in entries:
        assert ours.record(value_us, count)
        assert theirs.record_value(value_us, count)
    return ours, theirs


def figures(ours):
    percentiles = [ours.percentile_us(percent) for percent in PERCENTS]
    return (ours.count, ours.max_us, ours.min_us, ours.mean_us, percentiles)


def their_figures(theirs):
    percentiles = [theirs.get_value_at_percentile(percent) for percent in PERCENTS]
    ends = (theirs.get_max_value(), theirs.get_min_value())
    return (theirs.get_total_count(), *ends, theirs.get_mean_value(), percentiles)


@given(VALUES)
def test_every_value_has_a_bucket_that_is_narrow(value_us):
    """The largest value of a bucket is less than 0.1 % above any of its values."""
    bucket = bucket_of(value_us)

    assert lowest_us_of(bucket) <= value_us <= highest_us_of(bucket) <= value_us * 1.001 + 1
    assert bucket_of(highest_us_of(bucket)) == bucket_of(lowest_us_of(bucket)) == bucket < BUCKETS


@FEW
@given(ENTRIES)
def test_text_and_figures_are_theirs(entries):
    """To the byte and to the digit."""
    ours, theirs = both([(value_us, min(count, 2**31)) for value_us, count in entries])

    assert ours.encode() == theirs.encode().decode("ascii")
    assert figures(ours)[:-1] == their_figures(theirs)[:-1]
    if entries:  # of nothing they give the highest value of the first bucket, which is 0
        assert figures(ours)[-1] == their_figures(theirs)[-1]


@FEW
@given(ENTRIES, ENTRIES)
def test_theirs_are_read_and_merged(one, other):
    """What they wrote is added to what was there."""
    ours, _ = both(one)
    _, theirs = both(other)
    together, _ = both([*one, *other])

    ours.decode_and_add(theirs.encode().decode("ascii"))

    assert ours.counts.tolist() == together.counts.tolist()
    assert ours.count == together.count


@FEW
@given(ENTRIES)
def test_they_read_ours(entries):
    """Their package, and whoever else knows the format."""
    ours, theirs = both(entries)

    read = TheirHistogram.decode(ours.encode())

    assert list(read.counts)[:BUCKETS] == list(theirs.counts)[:BUCKETS]


@pytest.mark.parametrize("value_us", [-1, HIGHEST_US + 1, 2**63])
def test_what_is_out_of_range_is_not_entered(value_us):
    """And says so."""
    histogram = HdrHistogram()

    assert not histogram.record(value_us)
    assert figures(histogram) == (0, 0, 0, 0.0, [0] * len(PERCENTS))


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda data: base64.b64encode(data).decode())))
def test_a_text_that_is_none_is_told(text):
    """Whatever it is."""
    with pytest.raises(TornHistogramError):
        decoded(text)


def packed(body, digits=3, lowest_us=1, cookie=0x1C849313, length=None):
    """A text with that body in it."""
    declared = len(body) if length is None else length
    head = struct.pack(">IIIIQQd", cookie, declared, 0, digits, lowest_us, HIGHEST_US, 1.0)
    inner = zlib.compress(head + body)
    return base64.b64encode(struct.pack(">II", 0x1C849314, len(inner)) + inner).decode()


@pytest.mark.parametrize(
    "text",
    [
        packed(b"\x02", digits=2),
        packed(b"\x02", lowest_us=1000),
        packed(b"\x02", cookie=1),
        packed(b"\x02", length=7),
        packed(b"\x82"),
        packed(b"\xff" * 9 + b"\x02"),
        packed(bytes(BUCKETS + 1)),
        packed(bytes(50_000_000)),
        HdrHistogram().encode()[:-8],
    ],
    ids=["digits", "lowest", "cookie", "length", "cut", "zeros", "buckets", "bomb", "torn"],
)
def test_of_another_layout_or_cut_off(text):
    """Nothing of it is taken, and nothing large is unpacked."""
    with pytest.raises(TornHistogramError):
        decoded(text)


@given(ENTRIES.filter(bool), st.data())
def test_one_byte_that_differs_is_told_or_harmless(entries, data):
    """It never breaks otherwise: zlib's checksum finds nearly all."""
    text = both(entries)[0].encode()
    place = data.draw(st.integers(0, len(text) - 1))
    changed = text[:place] + data.draw(st.sampled_from("Aaz09+/=")) + text[place + 1 :]

    with suppress(TornHistogramError):
        decoded(changed)
