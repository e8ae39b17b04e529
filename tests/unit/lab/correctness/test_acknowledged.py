"""What became of tasks, asked for one by one."""

import json

import pytest

from scalelab.lab.correctness.acknowledged import AcknowledgedTask, task_outcomes
from scalelab.lab.system_client import Answer, SystemAnswerError

NOW_S = 10_000.0


def task(number, subject="alice", submitted_at_s=NOW_S - 20):
    return AcknowledgedTask(id=str(number), subject=subject, submitted_at_s=submitted_at_s)


def answer(state, status=200):
    view = {"id": "1", "state": state, "progress": 1.0, "attempts": 1, "submitted_at_s": NOW_S}
    return Answer(status, {}, json.dumps(view if status == 200 else {"status": status}).encode())


def outcomes(tasks, answers, kept_s=60.0):
    """With what was asked."""
    asked = []

    def ask(path, token):
        asked.append((path, token))
        return answers[path]

    return task_outcomes(tasks, {"alice": "of alice", "bob": "of bob"}, ask, kept_s, lambda: NOW_S), asked


def test_each_is_asked_for_by_its_owner():
    """And counted by how it ended, if it has."""
    states = ("succeeded", "succeeded", "dead", "cancelled", "running", "queued")
    tasks = [task(number, "bob" if number == 0 else "alice") for number in range(7)]
    answers = {f"/longtask/{number}": answer(state) for number, state in enumerate(states)}
    answers["/longtask/6"] = answer("", 404)

    found, asked = outcomes(tasks, answers)

    assert (found.acknowledged, found.looked_up) == (7, 7)
    assert (found.succeeded, found.given_up, found.unfinished, found.lost) == (2, 2, 2, 1)
    assert asked[:2] == [("/longtask/0", "of bob"), ("/longtask/1", "of alice")]


@pytest.mark.parametrize(("age_s", "looked_up"), [(49.0, 1), (51.0, 0), (3600.0, 0)])
def test_a_result_that_may_be_forgotten_is_not_missed(age_s, looked_up):
    """Kept for 60 s: after 50 nobody asks any more."""
    found, asked = outcomes([task(0, submitted_at_s=NOW_S - age_s)], {"/longtask/0": answer("", 404)})

    assert (found.acknowledged, found.looked_up, found.lost) == (1, looked_up, looked_up)
    assert len(asked) == looked_up


def test_an_answer_that_is_no_task_is_not_counted_as_anything():
    """Nothing is known then."""
    with pytest.raises(SystemAnswerError, match="status 503 and no task"):
        outcomes([task(0)], {"/longtask/0": answer("", 503)})
