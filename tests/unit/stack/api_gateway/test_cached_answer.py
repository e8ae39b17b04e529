"""An entry proves itself or is none."""

from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.api_gateway.cached_answer import CachedAnswer, decode, encode

ANSWER = CachedAnswer(
    1_700_000_000.25, 60.0, (("content-type", "application/json"), ("etag", '"a"')), b"\x00body\xff"
)
ENTRY = encode(ANSWER, b"key")

header = st.tuples(st.text(max_size=20), st.text(max_size=20))
answers = st.builds(
    CachedAnswer,
    st.floats(0, 4e9),
    st.floats(0, 1e6),
    st.lists(header, max_size=5).map(tuple),
    st.binary(max_size=200),
)


@given(answers, st.binary(max_size=40))
def test_what_was_encoded_comes_back(answer, key):
    """Times, headers in order, and every byte of the body."""
    assert decode(encode(answer, key), key) == answer


@given(st.integers(0, len(ENTRY) - 1), st.integers(1, 255))
def test_one_changed_byte_makes_it_none(position, change):
    """Wherever it stands."""
    torn = bytearray(ENTRY)
    torn[position] ^= change

    assert decode(bytes(torn), b"key") is None


@given(st.integers(0, len(ENTRY) - 1))
def test_a_shortened_entry_is_none(length):
    """However little is missing."""
    assert decode(ENTRY[:length], b"key") is None


@given(st.binary(max_size=200))
def test_foreign_bytes_are_none(data):
    """Including more than there should be."""
    assert decode(data, b"key") is None
    assert decode(ENTRY + data[:1] + b"x", b"key") is None


def test_an_entry_under_another_key_is_none():
    """It would be another request's answer."""
    assert decode(ENTRY, b"other") is None
