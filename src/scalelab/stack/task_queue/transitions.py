"""What may become of a task, as one table. Both engines obey it; the Valkey engine hands it to its scripts."""

from typing import Literal

from scalelab.contracts.long_tasks import TaskState
from scalelab.stack.task_queue.base import Failed, HandedBack, Outcome, Stopped, Succeeded

TaskEvent = Literal["claim", "succeed", "fail", "give_up", "hand_back", "stop", "expire", "cancel", "retry"]

TRANSITIONS: dict[TaskState, dict[TaskEvent, TaskState]] = {
    "queued": {"claim": "running", "cancel": "cancelled"},
    "retrying": {"claim": "running", "cancel": "cancelled"},
    "running": {
        "succeed": "succeeded",
        "fail": "retrying",
        "give_up": "dead",
        "hand_back": "queued",
        "expire": "retrying",
        "cancel": "cancelling",
    },
    "cancelling": {
        "succeed": "cancelled",
        "fail": "cancelled",
        "give_up": "cancelled",
        "hand_back": "cancelled",
        "stop": "cancelled",
        "expire": "cancelled",
        "cancel": "cancelling",
    },
    "cancelled": {"cancel": "cancelled"},
    "succeeded": {},
    "dead": {"retry": "queued"},
}


def next_state(state: TaskState, event: TaskEvent) -> TaskState | None:
    """The state after `event`, or None where it has no meaning."""
    return TRANSITIONS[state].get(event)


def event_of(outcome: Outcome) -> TaskEvent:
    """How the end of an attempt is called in the table."""
    match outcome:
        case Succeeded():
            return "succeed"
        case Failed(retry_in_s=None):
            return "give_up"
        case Failed():
            return "fail"
        case HandedBack():
            return "hand_back"
        case Stopped():
            return "stop"
