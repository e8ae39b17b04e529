"""What a load knows of the truth."""

from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.correctness.truth import LONGEST_READ_S, AcknowledgedVersions, Submissions


def test_a_read_must_see_what_was_answered_before_it_started():
    """Not what was answered while it was under way."""
    versions = AcknowledgedVersions()
    versions.note(1, 2, answered_s=10.0)
    versions.note(1, 3, answered_s=20.0)

    assert [versions.least_version(1, asked_s) for asked_s in (9.9, 10.0, 19.9, 20.0)] == [0, 2, 2, 3]
    assert versions.least_version(2, 100.0) == 0


def test_a_late_answer_of_an_older_write_takes_nothing_back():
    """Two writers: the newest version that was answered counts."""
    versions = AcknowledgedVersions()
    versions.note(1, 5, answered_s=10.0)
    versions.note(1, 4, answered_s=11.0)

    assert versions.least_version(1, 12.0) == 5


def test_memory_is_bounded_and_forgetting_proves_nothing():
    """What is forgotten can no longer be found stale."""
    versions = AcknowledgedVersions(most_keys=2)
    for key in (1, 2, 3):
        versions.note(key, 9, answered_s=float(key))
    for number in range(1000):
        versions.note(3, 10 + number, answered_s=10.0 + number)

    assert len(versions) == 2
    assert versions.least_version(1, 100.0) == 0
    assert versions.least_version(3, 10_000.0) == 1009
    assert versions.least_version(3, 11.0) == 0  # so long ago that it is no longer known


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 50)), max_size=30), st.integers(0, 40))
def test_least_version_is_the_greatest_answered(writes, asked):
    """Against the definition."""
    versions = AcknowledgedVersions()
    for moment, (key, version) in enumerate(writes):
        versions.note(key, version, float(moment))

    for key in (1, 2, 3):
        seen = [version for moment, (its_key, version) in enumerate(writes) if its_key == key and moment <= asked]
        assert versions.least_version(key, float(asked)) == max(seen, default=0)


def test_writes_that_no_read_can_be_older_than_are_forgotten():
    """An hour of writes to one key is no larger than ten minutes of them; what a read must see stays the same."""
    versions = AcknowledgedVersions()
    for version in range(1, 121):
        versions.note(7, version, version * 30.0)

    assert len(versions._writes[7][0]) == LONGEST_READ_S / 30.0 + 1
    assert versions.least_version(7, 3600.0) == 120
    assert versions.least_version(7, 3600.0 - LONGEST_READ_S) == 100


def test_one_name_is_one_task():
    """The same name again must give the same task."""
    submissions = Submissions(most_per_subject=2)

    told = [
        submissions.first_id(*handed_in)
        for handed_in in [
            ("alice", "a", "1"),
            ("alice", "a", "1"),
            ("alice", "a", "2"),
            ("bob", "a", "3"),  # names are each subject's own
            ("alice", "b", "4"),
            ("alice", "c", "5"),
            ("alice", "c", "5"),
            ("alice", "a", "6"),  # forgotten: two newer ones came
        ]
    ]

    assert told == ["", "1", "1", "", "", "", "5", ""]
