"""What a user does, and how the answer is judged."""

import json
from random import Random

import pytest

from scalelab.contracts.records import Record, record_checksum
from scalelab.lab.correctness.judge import AnswerJudge
from scalelab.lab.load.locust_acts import ROUTES, TASK_ROUTE, WRITE_ROUTE, Acts


@pytest.fixture
def acts():
    return Acts(AnswerJudge(60.0), Random(1))


def record(key, version, value="abc"):
    checksum = record_checksum(key, version, value)
    return Record(key=key, version=version, value=value, checksum=checksum).model_dump_json().encode()


def test_each_route_has_its_request(acts):
    """Reads, writes and tasks."""
    asked = [(act.method, act.path, int(act.status)) for act in (acts.act(route, 7, "alice") for route in ROUTES)]

    assert asked == [
        ("GET", "/data?key=7", 200),
        ("GET", "/process?key=7", 200),
        ("PUT", "/data?key=7", 200),
        ("POST", "/longtask", 202),
    ]


def test_a_write_is_remembered_by_the_reads_that_follow(acts):
    """The judge of a read knows the writes of all users of the process."""
    write = acts.act(WRITE_ROUTE, 7, "alice")
    value = json.loads(write.body)["value"]
    answered = write.judge(1.0, 2.0, {}, record(7, 5, value))
    read = acts.act("/data", 7, "bob")

    assert answered == ""
    assert read.judge(3.0, 4.0, {}, record(7, 4)) == "stale"
    assert read.judge(1.5, 4.0, {}, record(7, 4)) == ""


def test_no_two_writes_are_alike(acts):
    """So that an answer can be told from another's."""
    assert acts.act(WRITE_ROUTE, 7, "alice").body != acts.act(WRITE_ROUTE, 7, "alice").body


def test_some_tasks_are_handed_in_again_by_the_same_subject_only(acts):
    """About a quarter; a name never crosses from one subject to another."""
    names = {subject: [] for subject in ("alice", "bob")}
    for number in range(400):
        subject = ("alice", "bob")[number % 2]
        names[subject].append(acts.act(TASK_ROUTE, 1, subject).headers["Idempotency-Key"])

    assert set(names["alice"]).isdisjoint(names["bob"])
    assert 100 < len(set(names["alice"])) < 180
    assert acts.tasks_handed_in == len({*names["alice"], *names["bob"]})
