"""Whether every task whose hand-in was acknowledged came to its end: asked for by its id, after the load."""

import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from scalelab.contracts.http_names import LONGTASK_PATH
from scalelab.contracts.long_tasks import FINAL_STATES, LongTaskView
from scalelab.contracts.model import Contract
from scalelab.lab.results.run_record import TaskOutcomes
from scalelab.lab.system_client import Answer, SystemAnswerError

MARGIN_S = 10.0
"""A result that is about to be forgotten is not looked for."""

Ask = Callable[[str, str], Answer]
"""From path and token to the answer, whatever its status."""


class AcknowledgedTask(Contract):
    """A task that was answered with 202."""

    id: str
    """As the gateway named it."""
    subject: str
    """The account that handed it in."""
    submitted_at_s: float
    """Unix time, as the gateway has it."""


def task_outcomes(
    tasks: Sequence[AcknowledgedTask],
    tokens: Mapping[str, str],
    ask: Ask,
    kept_s: float,
    clock_s: Callable[[], float] = time.time,
) -> TaskOutcomes:
    """What became of them.

    Args:
        tasks: in any order.
        tokens: by subject.
        ask: one request to the system.
        kept_s: how long the system keeps results: an older one may rightly be gone, and is not looked for.
        clock_s: Unix time.

    Raises:
        SystemAnswerError: the system did not answer, or not with a task.
    """
    states = [
        _state(ask(f"{LONGTASK_PATH}/{task.id}", tokens[task.subject]))
        for task in tasks
        if clock_s() - task.submitted_at_s < kept_s - MARGIN_S
    ]
    return TaskOutcomes(
        acknowledged=len(tasks),
        looked_up=len(states),
        succeeded=states.count("succeeded"),
        given_up=sum(state in FINAL_STATES and state != "succeeded" for state in states),
        lost=states.count(""),
    )


def _state(answer: Answer) -> str:
    """Empty for a task that nobody knows."""
    if answer.status == HTTPStatus.NOT_FOUND:
        return ""
    try:
        return LongTaskView.model_validate_json(answer.body).state
    except ValueError as error:
        raise SystemAnswerError(f"GET {LONGTASK_PATH}/...: status {answer.status} and no task") from error
