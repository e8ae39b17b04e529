"""The task queue in memory: one process, lost with it. The twin of the Valkey engine, and the fake of the tests."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from scalelab.contracts.long_tasks import FINAL_STATES, LongTaskRequest, LongTaskView, TaskState
from scalelab.stack.task_queue.base import (
    AlreadyFinished,
    Beat,
    Claim,
    Failed,
    KeyReused,
    NotDead,
    Outcome,
    QueueFault,
    QueueFull,
    Refused,
    Submission,
    Submitted,
    Succeeded,
    Sweep,
    Verdict,
)
from scalelab.stack.task_queue.records import DEAD_LETTERS_KEPT, WORKER_LOST, request_fingerprint
from scalelab.stack.task_queue.transitions import TaskEvent, event_of, next_state


@dataclass
class _Record:
    view: LongTaskView
    subject: str
    request: LongTaskRequest
    request_id: str
    owner: str = ""
    lease_until_s: float | None = None
    due_at_s: float | None = None
    key: tuple[str, str] | None = field(default=None)

    def is_held_by(self, owner: str) -> bool:
        return self.owner == owner and self.view.state in {"running", "cancelling"}

    def is_over(self, now_s: float) -> bool:
        return self.lease_until_s is not None and self.lease_until_s <= now_s


class MemoryTaskQueue:
    """Both sides of the queue. `messages` are the ids that the broker would deliver, in order."""

    def __init__(self, clock: Callable[[], float], result_ttl_s: float, max_open_tasks: int) -> None:
        self.messages: deque[str] = deque()
        self._clock = clock
        self._result_ttl_s = result_ttl_s
        self._max_open_tasks = max_open_tasks
        self._records: dict[str, _Record] = {}
        self._keys: dict[tuple[str, str], tuple[str, str]] = {}

    async def submit(self, submission: Submission) -> Submitted | KeyReused | QueueFull | QueueFault:
        """Record and queue."""
        self._forget_expired()
        fingerprint = request_fingerprint(submission.request)
        key = None if submission.idempotency_key is None else (submission.subject, submission.idempotency_key)
        if key in self._keys:
            task_id, known_fingerprint = self._keys[key]
            if known_fingerprint != fingerprint:
                return KeyReused()
            return Submitted(self._records[task_id].view, is_new=False)
        if len(self._open()) >= self._max_open_tasks:
            return QueueFull(self._max_open_tasks)
        view = LongTaskView(
            id=uuid4().hex,
            subject=submission.subject,
            state="queued",
            progress=0,
            attempts=0,
            submitted_at_s=self._clock(),
        )
        self._records[view.id] = _Record(view, submission.subject, submission.request, submission.request_id, key=key)
        if key is not None:
            self._keys[key] = (view.id, fingerprint)
        self.messages.append(view.id)
        return Submitted(view, is_new=True)

    async def view(self, task_id: str, subject: str) -> LongTaskView | QueueFault | None:
        """As it stands."""
        record = self._owned(task_id, subject)
        return None if record is None else record.view

    async def cancel(self, task_id: str, subject: str) -> LongTaskView | AlreadyFinished | QueueFault | None:
        """At once, or as soon as the worker hears of it."""
        record = self._owned(task_id, subject)
        if record is None:
            return None
        if self._move(record, "cancel") is None:
            return AlreadyFinished(record.view)
        return record.view

    async def dead_letters(self, subject: str | None, limit: int) -> tuple[LongTaskView, ...] | QueueFault:
        """Newest first."""
        self._forget_expired()
        dead = [
            record.view
            for record in self._records.values()
            if record.view.state == "dead" and subject in {None, record.subject}
        ]
        dead.sort(key=lambda view: (view.finished_at_s or 0, view.id), reverse=True)
        return tuple(dead[: min(limit, DEAD_LETTERS_KEPT)])

    async def retry(self, task_id: str) -> LongTaskView | NotDead | QueueFull | QueueFault | None:
        """Queue a dead one again."""
        record = self._dead(task_id)
        if not isinstance(record, _Record):
            return record
        if len(self._open()) >= self._max_open_tasks:
            return QueueFull(self._max_open_tasks)
        self._move(record, "retry")
        afresh = {"attempts": 0, "progress": 0.0, "error": None, "finished_at_s": None}
        record.view = record.view.model_copy(update=afresh)
        self.messages.append(task_id)
        return record.view

    async def drop(self, task_id: str) -> LongTaskView | NotDead | QueueFault | None:
        """Forget a dead one."""
        record = self._dead(task_id)
        if not isinstance(record, _Record):
            return record
        self._forget(record)
        return record.view

    async def claim(self, task_id: str, owner: str, lease_s: float) -> Claim | Refused | QueueFault:
        """Take it."""
        self._forget_expired()
        record = self._records.get(task_id)
        if record is None:
            return Refused("unknown")
        if record.due_at_s is not None:
            return Refused("waits for its retry")
        state = record.view.state
        if self._move(record, "claim") is not None:
            record.owner = owner
            record.view = record.view.model_copy(update={"attempts": record.view.attempts + 1, "progress": 0.0})
        elif not record.is_held_by(owner):
            return Refused(f"is {state}")
        record.lease_until_s = self._clock() + lease_s
        return Claim(task_id, owner, record.view.attempts, record.request, record.request_id)

    async def renew(self, beats: Sequence[Beat], lease_s: float) -> tuple[Verdict, ...] | QueueFault:
        """One verdict each."""
        return tuple(self._renew(beat, lease_s) for beat in beats)

    async def settle(self, claim: Claim, outcome: Outcome) -> TaskState | QueueFault | None:
        """End the claim."""
        record = self._records.get(claim.task_id)
        if record is None or not record.is_held_by(claim.owner):
            return None
        state = self._move(record, event_of(outcome))
        if state == "succeeded" and isinstance(outcome, Succeeded):
            record.view = record.view.model_copy(update={"result": outcome.result, "progress": 1.0, "error": None})
        elif state in {"retrying", "dead"} and isinstance(outcome, Failed):
            record.view = record.view.model_copy(update={"error": outcome.error})
            if outcome.retry_in_s is not None:
                record.due_at_s = self._clock() + outcome.retry_in_s
        elif state == "queued":
            attempts = record.view.attempts - 1
            record.view = record.view.model_copy(update={"attempts": attempts, "progress": 0.0})
            self.messages.appendleft(claim.task_id)
        return state

    async def sweep(self, max_attempts: int) -> Sweep | QueueFault:
        """Queue again."""
        retried, dead = self._expire_leases(max_attempts)
        released = self._release_due()
        waiting = sum(record.lease_until_s is None for record in self._open())
        return Sweep(retried, dead, released, waiting)

    def _expire_leases(self, max_attempts: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        now_s = self._clock()
        retried, dead = [], []
        over = [record for record in self._records.values() if record.is_over(now_s)]
        over.sort(key=lambda record: (record.lease_until_s or 0, record.view.id))
        for record in over:
            is_last = record.view.attempts >= max_attempts
            state = self._move(record, "give_up" if is_last else "expire")
            if state != "cancelled":
                record.view = record.view.model_copy(update={"error": WORKER_LOST})
            if state == "retrying":
                self.messages.appendleft(record.view.id)
                retried.append(record.view.id)
            elif state == "dead":
                dead.append(record.view.id)
        return tuple(retried), tuple(dead)

    def _release_due(self) -> tuple[str, ...]:
        now_s = self._clock()
        due = [
            record for record in self._records.values() if record.due_at_s is not None and record.due_at_s <= now_s
        ]
        due.sort(key=lambda record: (record.due_at_s or 0, record.view.id))
        for record in due:
            record.due_at_s = None
            self.messages.append(record.view.id)
        return tuple(record.view.id for record in due)

    def _renew(self, beat: Beat, lease_s: float) -> Verdict:
        record = self._records.get(beat.task_id)
        if record is None or not record.is_held_by(beat.owner):
            return "lost"
        record.lease_until_s = self._clock() + lease_s
        record.view = record.view.model_copy(update={"progress": beat.progress})
        return "kept" if record.view.state == "running" else "stop"

    def _move(self, record: _Record, event: TaskEvent) -> TaskState | None:
        state = next_state(record.view.state, event)
        if state is None:
            return None
        is_final_now = state in FINAL_STATES and record.view.state not in FINAL_STATES
        record.view = record.view.model_copy(
            update={"state": state} | ({"finished_at_s": self._clock()} if is_final_now else {})
        )
        if state not in {"running", "cancelling"}:
            record.lease_until_s = record.due_at_s = None
        return state

    def _owned(self, task_id: str, subject: str) -> _Record | None:
        self._forget_expired()
        record = self._records.get(task_id)
        return record if record is not None and record.subject == subject else None

    def _dead(self, task_id: str) -> _Record | NotDead | None:
        self._forget_expired()
        record = self._records.get(task_id)
        return record if record is None or record.view.state == "dead" else NotDead(record.view)

    def _open(self) -> list[_Record]:
        return [record for record in self._records.values() if record.view.state not in FINAL_STATES]

    def _forget_expired(self) -> None:
        now_s = self._clock()
        for record in list(self._records.values()):
            finished_at_s = record.view.finished_at_s
            if finished_at_s is not None and finished_at_s + self._result_ttl_s <= now_s:
                self._forget(record)

    def _forget(self, record: _Record) -> None:
        del self._records[record.view.id]
        if record.key is not None:
            self._keys.pop(record.key, None)
