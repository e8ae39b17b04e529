"""Answers held against what the load knows."""

import pytest

from scalelab.contracts.long_tasks import LongTaskView
from scalelab.contracts.processing import ProcessView, TextStatistics, process_proof
from scalelab.contracts.records import Record, record_checksum
from scalelab.lab.correctness.judge import AnswerJudge


def record(key, version, value="abc"):
    checksum = record_checksum(key, version, value)
    return Record(key=key, version=version, value=value, checksum=checksum).model_dump_json().encode()


def result(key, versions):
    statistics = TextStatistics(characters=3, words=1, distinct_words=1, longest_word="abc", entropy_bits=1.5)
    proof = process_proof(key, versions, statistics, "d1")
    view = ProcessView(key=key, versions=versions, result=statistics, digest="d1", proof=proof)
    return view.model_dump_json().encode()


def task(task_id, subject="alice", attempts=0):
    view = LongTaskView(
        id=task_id, subject=subject, state="queued", progress=0, attempts=attempts, submitted_at_s=1.0
    )
    return view.model_dump_json().encode()


@pytest.fixture
def judge():
    """It has seen record 7 become version 2 at second 10."""
    judge = AnswerJudge(longest_age_s=60.0)
    assert judge.of_write(7, "new", 10.0, record(7, 2, "new")) == ""
    return judge


@pytest.mark.parametrize(
    ("asked_s", "version", "headers", "defect"),
    [
        (11.0, 2, {}, ""),
        (11.0, 3, {}, ""),
        (11.0, 1, {}, "stale"),
        (9.0, 1, {}, ""),
        (11.0, 2, {b"age": b"90"}, "stale"),
    ],
)
def test_a_read_that_starts_after_a_write_sees_it(judge, asked_s, version, headers, defect):
    """And is never older than the cache may be."""
    assert judge.of_data(7, asked_s, headers, record(7, version)) == defect


@pytest.mark.parametrize(
    ("key", "versions", "defect"),
    [(7, (2, 1), ""), (7, (1, 1), "stale"), (5, (1, 1, 2), ""), (5, (1, 1, 1), "stale"), (8, (1, 1), "")],
)
def test_a_result_is_made_from_records_as_they_are(judge, key, versions, defect):
    """Each record that goes in, by its own version."""
    assert judge.of_process(key, 11.0, {}, result(key, versions)) == defect


@pytest.mark.parametrize(
    ("body", "defect"),
    [
        (record(9, 2, "mine"), ""),
        (record(9, 2, "another's"), "foreign"),
        (record(8, 2, "mine"), "foreign"),
        (b"{}", "malformed"),
    ],
)
def test_a_write_is_answered_with_what_was_written(judge, body, defect):
    """Somebody else's write in our answer is foreign, and proves no version."""
    assert judge.of_write(9, "mine", 20.0, body) == defect
    assert judge.of_data(9, 21.0, {}, record(9, 1)) == ("stale" if not defect else "")


@pytest.mark.parametrize(
    ("first", "second", "defect"),
    [
        (task("1"), task("1"), ""),
        (task("1"), task("1", attempts=1), ""),
        (task("1"), task("2"), "done twice"),
        (task("1"), task("1", attempts=2), ""),
        (task("1"), task("1", subject="bob"), "foreign"),
        (task("1"), b"", "malformed"),
    ],
)
def test_a_task_handed_in_twice_is_one_task(judge, first, second, defect):
    """One name, one task, its owner's. A second attempt is right after one that failed."""
    assert judge.of_submission("n1", "alice", first) == ""
    assert judge.of_submission("n1", "alice", second) == defect
    assert [(one.id, one.subject) for one in judge.take_acknowledged()] == [("1", "alice")]
    assert judge.take_acknowledged() == ()
