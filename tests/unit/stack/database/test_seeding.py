"""The first records: the same for the same seed, different for each key, and whole."""

from hypothesis import given
from hypothesis import strategies as st

from scalelab.contracts.records import Record
from scalelab.stack.database.seeding import VALUE_CHARACTERS, Seeding, seeded_value


@given(seed=st.integers(), key=st.integers(min_value=1, max_value=10**12))
def test_a_value_depends_on_seed_and_key_alone(seed, key):
    """Drawn twice it is the same; of the next key or seed it is another; it is plain words."""
    value = seeded_value(seed, key)

    assert value == seeded_value(seed, key)
    assert value not in {seeded_value(seed, key + 1), seeded_value(seed + 1, key)}
    assert len(value) == VALUE_CHARACTERS
    assert set(value) <= set("abcdefghijklmnopqrstuvwxyz ")


def test_seed_and_key_do_not_run_into_one_another():
    """Seed 1 with key 11 is not seed 11 with key 1."""
    assert seeded_value(1, 11) != seeded_value(11, 1)


def test_rows_are_whole_records_in_order():
    """Keys 1 to count, version 1, checksums that fit."""
    rows = list(Seeding(seed=5, count=20).rows())

    records = [
        Record(key=key, version=version, value=value, checksum=checksum) for key, version, value, checksum in rows
    ]
    assert [record.key for record in records] == list(range(1, 21))
    assert all(record.version == 1 and record.is_whole() for record in records)


def test_contents_stay_what_they_were():
    """A seeding of an older release is still the same seeding: this value is fixed."""
    assert seeded_value(1, 1).startswith("oxc  vohxgwzwj letnmlo bjvznacpafdndniiepvbany kibgsvp")
