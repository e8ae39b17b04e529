"""The task queue on Valkey: one script per operation, so that record and message never come apart.

The scripts write a message in the layout that Dramatiq's Redis broker documents in its dispatch.lua (a list of ids
and a hash of messages); the engine tests read it back with the real broker.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import uuid4

import redis.asyncio
from redis.exceptions import RedisError

from scalelab.contracts.long_tasks import LongTaskRequest, LongTaskView, TaskState
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
from scalelab.stack.task_queue.records import request_fingerprint, scoped_key, view_of
from scalelab.stack.task_queue.scripts import SCRIPT_NAMES, ScriptName, script_text
from scalelab.stack.task_queue.transitions import event_of

PREFIX = "scalelab:tasks"
"""Of every key. The broker's own keys stand under `BROKER_NAMESPACE`."""
BROKER_NAMESPACE = f"{PREFIX}:broker"
CALL_TIMEOUT_S = 2.0
_TASKS_PER_SWEEP = 200
_SERVER_CLOCK = -1


class ValkeyTaskQueue:
    """Both sides of the queue."""

    def __init__(
        self,
        client: "redis.asyncio.Redis",
        result_ttl_s: float,
        max_open_tasks: int,
        clock: Callable[[], float] | None = None,
        call_timeout_s: float = CALL_TIMEOUT_S,
    ) -> None:
        """Connects when first used.

        Args:
            client: decodes responses; its pool waits instead of failing when it is used up.
            result_ttl_s: how long a finished task can be seen.
            max_open_tasks: unfinished tasks, beyond which `submit` answers `QueueFull`.
            clock: Unix time; None takes the server's, which all processes share.
            call_timeout_s: longest wait for one answer of the server, connecting included.
        """
        self._scripts = {name: client.register_script(script_text(name)) for name in SCRIPT_NAMES}
        self._client = client
        self._result_ttl_ms = round(result_ttl_s * 1000)
        self._max_open_tasks = max_open_tasks
        self._clock = clock
        self._call_timeout_s = call_timeout_s

    async def submit(self, submission: Submission) -> Submitted | KeyReused | QueueFull | QueueFault:
        """Record and queue."""
        name = submission.idempotency_key
        answer = await self._run(
            "submit",
            uuid4().hex,
            submission.subject,
            scoped_key(submission.subject, ""),
            submission.request.model_dump_json(),
            request_fingerprint(submission.request),
            submission.request_id,
            "" if name is None else scoped_key(submission.subject, name),
            self._max_open_tasks,
        )
        match answer:
            case ["new" | "known" as origin, list(record)]:
                return Submitted(view_of(_fields(record)), is_new=origin == "new")
            case ["reused"]:
                return KeyReused()
            case ["full"]:
                return QueueFull(self._max_open_tasks)
            case _:
                return _fault(answer)

    async def view(self, task_id: str, subject: str) -> LongTaskView | QueueFault | None:
        """As it stands."""
        record = await self._bounded(self._client.hgetall(f"{PREFIX}:record:{task_id}"))
        if isinstance(record, QueueFault):
            return record
        return view_of(record) if record.get("subject") == subject else None

    async def cancel(self, task_id: str, subject: str) -> LongTaskView | AlreadyFinished | QueueFault | None:
        """At once, or as soon as the worker hears of it."""
        match await self._run("cancel", task_id, subject, self._result_ttl_ms):
            case ["cancelled", list(record)]:
                return view_of(_fields(record))
            case ["finished", list(record)]:
                return AlreadyFinished(view_of(_fields(record)))
            case ["unknown"]:
                return None
            case answer:
                return _fault(answer)

    async def dead_letters(self, subject: str | None, limit: int) -> tuple[LongTaskView, ...] | QueueFault:
        """Newest first."""
        records = await self._run("dead_letters", "all" if subject is None else scoped_key(subject, ""), limit)
        if isinstance(records, QueueFault):
            return records
        return tuple(view_of(_fields(record)) for record in records)

    async def retry(self, task_id: str) -> LongTaskView | NotDead | QueueFull | QueueFault | None:
        """Queue a dead one again."""
        match await self._run("retry", task_id, self._max_open_tasks):
            case ["full"]:
                return QueueFull(self._max_open_tasks)
            case answer:
                return _of_dead(answer)

    async def drop(self, task_id: str) -> LongTaskView | NotDead | QueueFault | None:
        """Forget a dead one."""
        return _of_dead(await self._run("drop", task_id))

    async def claim(self, task_id: str, owner: str, lease_s: float) -> Claim | Refused | QueueFault:
        """Take it."""
        match await self._run("claim", task_id, owner, round(lease_s * 1000)):
            case ["claimed", int(attempt), str(request), str(request_id)]:
                return Claim(task_id, owner, attempt, LongTaskRequest.model_validate_json(request), request_id)
            case ["refused", str(reason)]:
                return Refused(reason)
            case answer:
                return _fault(answer)

    async def renew(self, beats: Sequence[Beat], lease_s: float) -> tuple[Verdict, ...] | QueueFault:
        """One verdict each."""
        flat = [value for beat in beats for value in (beat.task_id, beat.owner, f"{beat.progress:.6g}")]
        verdicts = await self._run("renew", round(lease_s * 1000), *flat)
        return verdicts if isinstance(verdicts, QueueFault) else tuple(verdicts)

    async def settle(self, claim: Claim, outcome: Outcome) -> TaskState | QueueFault | None:
        """End the claim."""
        detail, delay_s = "", 0.0
        if isinstance(outcome, Succeeded):
            detail = json.dumps(outcome.result)
        elif isinstance(outcome, Failed):
            detail, delay_s = outcome.error, outcome.retry_in_s or 0.0
        state: TaskState | QueueFault | None = await self._run(
            "settle",
            claim.task_id,
            claim.owner,
            event_of(outcome),
            self._result_ttl_ms,
            detail,
            round(delay_s * 1000),
        )
        return state

    async def sweep(self, max_attempts: int) -> Sweep | QueueFault:
        """Queue again."""
        match await self._run("sweep", max_attempts, self._result_ttl_ms, _TASKS_PER_SWEEP):
            case [list(retried), list(dead), list(released), int(waiting)]:
                return Sweep(tuple(retried), tuple(dead), tuple(released), waiting)
            case answer:
                return _fault(answer)

    async def _run(self, name: ScriptName, *arguments: str | int) -> Any:
        now_ms = _SERVER_CLOCK if self._clock is None else round(self._clock() * 1000)
        return await self._bounded(self._scripts[name](keys=[PREFIX], args=[now_ms, *arguments]))

    async def _bounded(self, call: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(self._call_timeout_s):
                return await call
        except TimeoutError:
            return QueueFault(f"no answer within {self._call_timeout_s} s")
        except (RedisError, OSError) as error:
            return QueueFault(f"{type(error).__name__}: {error}")


def _of_dead(answer: object) -> LongTaskView | NotDead | QueueFault | None:
    match answer:
        case ["done", list(record)]:
            return view_of(_fields(record))
        case ["not dead", list(record)]:
            return NotDead(view_of(_fields(record)))
        case ["unknown"]:
            return None
        case _:
            return _fault(answer)


def _fields(flat: list[str]) -> dict[str, str]:
    """A hash as scripts return it, name and value in turn."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _fault(answer: object) -> QueueFault:
    return answer if isinstance(answer, QueueFault) else QueueFault(f"answer not understood: {answer!r}"[:200])
