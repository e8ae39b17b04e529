"""The two sides of the task queue as protocols, and the values that they speak in.

A task's record is the truth; a message on the broker's queue only says that a record wants to be run, may come twice,
and is refused by `claim` when it has nothing to say. Trouble is a value (`QueueFault`), never an exception.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from scalelab.contracts.long_tasks import LongTaskRequest, LongTaskView, TaskState


@dataclass(frozen=True)
class QueueFault:
    """The queue did not answer, or not in time. What was asked for may or may not have happened."""

    detail: str


@dataclass(frozen=True)
class Submission:
    """What a client asks for. `subject` owns the task; the idempotency key counts within the subject only."""

    subject: str
    request: LongTaskRequest
    idempotency_key: str | None = None
    request_id: str = ""
    """Travels with the task to the worker's logs and its requests."""


@dataclass(frozen=True)
class Submitted:
    """The task stands in the queue; `is_new` is false when the idempotency key had already made it."""

    view: LongTaskView
    is_new: bool


@dataclass(frozen=True)
class KeyReused:
    """The idempotency key belongs to another request of this subject."""


@dataclass(frozen=True)
class QueueFull:
    """As many unfinished tasks as may be."""

    limit: int


@dataclass(frozen=True)
class AlreadyFinished:
    """Too late to cancel."""

    view: LongTaskView


@dataclass(frozen=True)
class NotDead:
    """The task was not given up, so that there is nothing to try again or to drop."""

    view: LongTaskView


class TaskQueue(Protocol):
    """The client's side. Every method is atomic and safe for concurrent use on one event loop."""

    async def submit(self, submission: Submission) -> Submitted | KeyReused | QueueFull | QueueFault:
        """Record the task and put it on the queue, both or neither; idempotent with an idempotency key."""
        ...

    async def view(self, task_id: str, subject: str) -> LongTaskView | QueueFault | None:
        """The task as it stands; None when it is unknown, expired or another subject's."""
        ...

    async def cancel(self, task_id: str, subject: str) -> LongTaskView | AlreadyFinished | QueueFault | None:
        """Cancel; idempotent. `cancelled` at once when it does not run, else `cancelling`; None as in `view`."""
        ...

    async def dead_letters(self, subject: str | None, limit: int) -> tuple[LongTaskView, ...] | QueueFault:
        """Tasks that were given up, newest first; of every subject with None."""
        ...


class DeadLetters(Protocol):
    """The operator's side. Every method is atomic and safe for concurrent use on one event loop."""

    async def dead_letters(self, subject: str | None, limit: int) -> tuple[LongTaskView, ...] | QueueFault:
        """See `TaskQueue.dead_letters`."""
        ...

    async def retry(self, task_id: str) -> LongTaskView | NotDead | QueueFull | QueueFault | None:
        """Queue a dead task again, behind the others: same id, subject and idempotency key, all attempts before it.

        None when it is unknown or expired.
        """
        ...

    async def drop(self, task_id: str) -> LongTaskView | NotDead | QueueFault | None:
        """Forget a dead task, and free its idempotency key; the task as it was. None as in `retry`."""
        ...


@dataclass(frozen=True)
class Claim:
    """The right to run one attempt, for as long as its lease is renewed."""

    task_id: str
    owner: str
    """Unlike that of any other claim, so that an owner who overslept is known from the present one."""
    attempt: int
    """Counts from 1; attempts whose worker died count, attempts that were handed back do not."""
    request: LongTaskRequest
    request_id: str


@dataclass(frozen=True)
class Refused:
    """Nothing to run: unknown, finished, cancelled, running elsewhere, or waiting for its retry."""

    reason: str


@dataclass(frozen=True)
class Beat:
    """A sign of life of one claim."""

    task_id: str
    owner: str
    progress: float
    """0 to 1."""


Verdict = Literal["kept", "stop", "lost"]
"""Answer to a beat: run on, stop because of a cancellation, or stop because the claim is another's by now."""


@dataclass(frozen=True)
class Succeeded:
    """The attempt reached its end."""

    result: dict[str, object]


@dataclass(frozen=True)
class Failed:
    """The attempt failed; with no `retry_in_s` the task is given up."""

    error: str
    retry_in_s: float | None


@dataclass(frozen=True)
class HandedBack:
    """The worker stops; another may begin at once. The attempt does not count."""


@dataclass(frozen=True)
class Stopped:
    """The cancellation has been obeyed."""


Outcome = Succeeded | Failed | HandedBack | Stopped


@dataclass(frozen=True)
class Sweep:
    """What one sweep found."""

    retried: tuple[str, ...]
    """Tasks whose worker has died, queued again in front."""
    dead: tuple[str, ...]
    """Tasks whose worker has died once too often."""
    released: tuple[str, ...]
    """Retries that have become due, queued again."""
    waiting: int
    """Unfinished tasks that do not run now."""


class TaskDesk(Protocol):
    """The worker's side. Every method is atomic and safe for concurrent use on one event loop."""

    async def claim(self, task_id: str, owner: str, lease_s: float) -> Claim | Refused | QueueFault:
        """Take a queued task for `lease_s` seconds. At most one claim of a task holds at any time.

        Idempotent for one owner, so that it may be asked again after a fault.
        """
        ...

    async def renew(self, beats: Sequence[Beat], lease_s: float) -> tuple[Verdict, ...] | QueueFault:
        """Prolong the leases to `lease_s` seconds from now and note the progress; one verdict for each beat."""
        ...

    async def settle(self, claim: Claim, outcome: Outcome) -> TaskState | QueueFault | None:
        """End the claim: the task's new state, or None when the claim was another's by now and nothing happened.

        A task that is being cancelled becomes `cancelled` whatever the outcome is.
        """
        ...

    async def sweep(self, max_attempts: int) -> Sweep | QueueFault:
        """Queue again what dead workers left and what is due; any worker may, as often as it likes."""
        ...
