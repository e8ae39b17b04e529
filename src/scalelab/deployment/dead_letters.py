"""The dead letters of a running stack: asks one of its workers to list them, to try one again, to drop one."""

import http.client
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from pydantic import ValidationError

from scalelab.contracts.http_names import DEAD_LETTERS_PATH
from scalelab.contracts.long_tasks import LongTaskView
from scalelab.contracts.stack_view import StackView
from scalelab.deployment.admin_calls import ask_admin
from scalelab.deployment.errors import DeadLetterError


@dataclass(frozen=True)
class NotDone:
    """The stack refused: the task is unknown, no dead letter, or does not fit in the queue."""

    task_id: str
    reason: str


def dead_letters(view: StackView) -> tuple[LongTaskView, ...]:
    """Of every user, newest first.

    Raises:
        DeadLetterError: no worker could answer.
    """
    status, document = _ask_a_worker(view, "GET", DEAD_LETTERS_PATH)
    letters = document.get("dead_letters")
    if status != HTTPStatus.OK or not isinstance(letters, list):
        raise DeadLetterError(f"the dead letters of stack {view.name!r} cannot be read: {_reason(status, document)}")
    return tuple(_understood(letter) for letter in letters)


def change_dead_letter(view: StackView, act: Literal["retry", "drop"], task_id: str) -> LongTaskView | NotDone:
    """Try a task again (the task as it stands now) or drop it (as it was).

    Raises:
        DeadLetterError: no worker could answer.
    """
    path = f"{DEAD_LETTERS_PATH}/{task_id}"
    method, path = ("POST", f"{path}/retry") if act == "retry" else ("DELETE", path)
    status, document = _ask_a_worker(view, method, path)
    return _understood(document) if status == HTTPStatus.OK else NotDone(task_id, _reason(status, document))


def _ask_a_worker(view: StackView, method: str, path: str) -> tuple[int, dict[str, object]]:
    """The first that answers. To ask the next one does no harm: what was done already is not done again."""
    fault = "it has no worker"
    for service in view.services:
        if service.name != "worker" or service.state != "ready":
            continue
        try:
            return ask_admin(service.admin_url, view.nonce, method, path)
        except (OSError, http.client.HTTPException, ValueError) as error:
            fault = f"{service.instance} does not answer ({type(error).__name__})"
    raise DeadLetterError(f"the dead letters of stack {view.name!r} cannot be asked for: {fault}")


def _understood(document: object) -> LongTaskView:
    try:
        return LongTaskView.model_validate(document)
    except ValidationError as error:
        raise DeadLetterError(f"a worker's answer is not understood: {error.errors()[0]['msg']}") from error


def _reason(status: int, document: dict[str, object]) -> str:
    return str(document.get("detail", f"status {status}"))
