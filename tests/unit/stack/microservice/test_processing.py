"""The business logic: statistics and digest of records, the same for the same records."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.contracts.processing import ProcessView
from scalelab.stack.microservice.processing import digest_chain, entropy_bits, process_records, text_statistics

_VALUES = st.lists(st.text(max_size=50), min_size=1, max_size=8)


def test_words_are_counted_over_all_values():
    """Two values, five words, four different ones."""
    statistics = text_statistics(["to be or", "not to"])

    assert statistics.model_dump(exclude={"entropy_bits"}) == {
        "characters": 15,
        "words": 5,
        "distinct_words": 4,
        "longest_word": "not",
    }


def test_an_empty_value_has_no_words():
    """Nothing to count is no fault."""
    statistics = text_statistics([""])

    assert (statistics.words, statistics.longest_word, statistics.entropy_bits) == (0, "", 0.0)


@pytest.mark.parametrize(("text", "bits"), [("", 0.0), ("aaaa", 0.0), ("abab", 1.0), ("abcdabcd", 2.0)])
def test_entropy_is_shannons(text, bits):
    """One symbol tells nothing, two equally frequent ones a bit, four of them two."""
    assert entropy_bits(text) == pytest.approx(bits)


def test_the_digest_chain_is_as_documented():
    """Sixteen BLAKE2b links over each value, each over the link before it."""
    link = b""
    for _ in range(16):
        link = hashlib.blake2b(link + b"value", digest_size=32).digest()

    assert digest_chain(["value"]) == link.hex()


@given(_VALUES)
def test_the_order_of_the_values_counts(values):
    """Turned round, the digest is another, unless the values read the same."""
    turned = values[::-1]

    assert (digest_chain(values) == digest_chain(turned)) is (values == turned)


@given(values=_VALUES, version=st.integers(1, 10**6))
def test_a_view_is_deterministic_and_proves_itself(make_record, values, version):
    """The same records give the same bytes, and the proof fits after a trip through JSON."""
    records = [make_record(key, value, version) for key, value in enumerate(values, start=5)]

    first, second = (process_records(records).model_dump_json() for _ in range(2))

    view = ProcessView.model_validate_json(first)
    assert first == second
    assert (view.key, view.versions) == (5, (version,) * len(values))
    assert view.is_whole()


@pytest.mark.parametrize("change", [{"key": 6}, {"versions": (1, 2)}, {"digest": "00"}, {"proof": "00"}])
def test_a_changed_view_does_not_prove_itself(make_record, change):
    """Whatever is exchanged, the proof no longer fits."""
    view = process_records([make_record(5), make_record(6)])

    assert not view.model_copy(update=change).is_whole()
