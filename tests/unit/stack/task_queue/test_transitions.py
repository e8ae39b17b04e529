"""The table of what may become of a task."""

from typing import get_args

import pytest

from scalelab.contracts.long_tasks import FINAL_STATES, TaskState
from scalelab.stack.task_queue import Failed, HandedBack, Stopped, Succeeded
from scalelab.stack.task_queue.transitions import TRANSITIONS, TaskEvent, event_of, next_state


def test_every_state_is_in_the_table():
    """And every final state is an end, but for a dead task that an operator tries again."""
    assert set(TRANSITIONS) == set(get_args(TaskState))
    leaving = {(state, event) for state in FINAL_STATES for event, to in TRANSITIONS[state].items() if to != state}
    assert leaving == {("dead", "retry")}


def test_every_state_leads_to_an_end():
    """No task is stuck."""
    leading = set(FINAL_STATES)
    for _ in TRANSITIONS:
        leading |= {state for state, row in TRANSITIONS.items() if leading & set(row.values())}

    assert leading == set(TRANSITIONS)


@pytest.mark.parametrize("event", sorted(set(get_args(TaskEvent)) - {"claim", "cancel", "retry"}))
def test_a_cancelling_task_has_one_end(event):
    """Whatever its attempt comes to."""
    assert next_state("cancelling", event) == "cancelled"


def test_only_a_task_that_waits_is_claimed():
    """A running one is not, so that two executions cannot be."""
    assert {state for state in TRANSITIONS if next_state(state, "claim")} == {"queued", "retrying"}


def test_each_outcome_has_its_event():
    """A failure without another attempt is given up."""
    outcomes = [Succeeded({}), Failed("no", 0.0), Failed("no", None), HandedBack(), Stopped()]

    assert [event_of(outcome) for outcome in outcomes] == ["succeed", "fail", "give_up", "hand_back", "stop"]
