"""Runs claimed tasks on one event loop: at most one execution of a task anywhere, at any time.

A run holds a lease, and the queue may give the task away when that ends; so a run whose lease was renewed in time
neither here nor by the keeper stops itself first. Never retries on its own: what comes next is the queue's to say.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeVar
from uuid import uuid4

import structlog

from scalelab.stack.task_queue import (
    Beat,
    Claim,
    Failed,
    HandedBack,
    Outcome,
    QueueFault,
    Refused,
    Stopped,
    Succeeded,
    TaskDesk,
)
from scalelab.stack.worker.backoff import RetryPolicy
from scalelab.stack.worker.lease_keeper import LeaseKeeper, NoKeeper
from scalelab.stack.worker.long_task import AttemptFailed, Report
from scalelab.stack.worker.metrics import WorkerMetrics

Job = Callable[[Claim, Report], Awaitable[dict[str, object] | AttemptFailed]]
Ending = Literal["stop", "lost", "hand_back"]
AnswerT = TypeVar("AnswerT")

FAULT_PAUSE_S = 0.5
"""Between two questions to a queue that does not answer."""


@dataclass(eq=False)
class _Run:
    claim: Claim
    progress: float = 0.0
    ending: Ending | None = None
    work: "asyncio.Future[dict[str, object] | AttemptFailed] | None" = None
    fence: asyncio.TimerHandle | None = None
    """Ends the run when its lease may have ended."""

    def beat(self) -> Beat:
        return Beat(self.claim.task_id, self.claim.owner, self.progress)

    def report(self, progress: float) -> None:
        self.progress = progress

    def end(self, ending: Ending) -> None:
        """Stop the work for this reason; the first reason counts."""
        if self.ending is None and self.work is not None and not self.work.done():
            self.ending = ending
            self.work.cancel()


async def _nothing_more() -> None:
    pass


class TaskRunner:
    """Every run of one worker process. All methods belong to one event loop."""

    def __init__(
        self,
        desk: TaskDesk,
        job: Job,
        *,
        name: str,
        lease_s: float,
        policy: RetryPolicy,
        metrics: WorkerMetrics,
        draw: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        keeper: LeaseKeeper | None = None,
    ) -> None:
        self._keeper = keeper or NoKeeper()
        self._desk = desk
        self._job = job
        self._name = name
        self._lease_s = lease_s
        self._policy = policy
        self._metrics = metrics
        self._draw = draw
        self._sleep = sleep
        self._runs: set[_Run] = set()
        self._is_stopping = False
        metrics.watch_running(lambda: len(self._runs))

    async def run(self, task_id: str, taken: Callable[[], Awaitable[None]] = _nothing_more) -> None:
        """Deal with one message: run the task, if there is anything to run, and settle what came of it.

        `taken` is called as soon as the message has said all that it can: the task is claimed, or was refused.
        """
        claim, asked_at_s = await self._claim(task_id)
        if not isinstance(claim, QueueFault):
            await taken()
        if not isinstance(claim, Claim):
            structlog.get_logger().info("message_without_work", task=task_id, answer=_reason(claim))
            return
        structlog.contextvars.bind_contextvars(request_id=claim.request_id, task=task_id, attempt=claim.attempt)
        run = _Run(claim)
        self._fence(run, asked_at_s)
        self._runs.add(run)
        self._keeper.tell(self._beats())
        try:
            outcome = await self._attempt(run)
            if outcome is not None:
                await self._settle(claim, outcome)
        finally:
            self._runs.discard(run)
            self._keeper.tell(self._beats())
            if run.fence is not None:
                run.fence.cancel()

    async def give_up(self, task_id: str, error: str, taken: Callable[[], Awaitable[None]]) -> None:
        """Make a dead letter of a task that was never begun; one that has something else to say is left alone."""
        claim, _ = await self._claim(task_id)
        if isinstance(claim, Claim):
            structlog.get_logger().error("task_given_up", task=task_id, reason=error)
            await self._settle(claim, Failed(error, None))
        if not isinstance(claim, QueueFault):
            await taken()

    async def renew(self) -> None:
        """One sign of life of all runs; those that are cancelled or lost are stopped."""
        runs = [run for run in self._runs if run.ending is None]
        if not runs:
            return
        asked_at_s = asyncio.get_running_loop().time()
        self._keeper.tell(self._beats())
        verdicts = await self._desk.renew([run.beat() for run in runs], self._lease_s)
        if isinstance(verdicts, QueueFault):
            structlog.get_logger().warning("leases_not_renewed", runs=len(runs), reason=verdicts.detail)
            return
        for run, verdict in zip(runs, verdicts, strict=True):
            if verdict == "kept":
                self._fence(run, asked_at_s)
            else:
                run.end(verdict)

    def hand_back(self) -> None:
        """Stop every run and give its task to another worker at once; take no further one."""
        self._is_stopping = True
        for run in self._runs:
            run.end("hand_back")

    def _beats(self) -> list[Beat]:
        return [run.beat() for run in self._runs if run.ending is None]

    def _fence(self, run: _Run, renewed_at_s: float) -> None:
        """Trust a lease that was asked for then, in the event loop's time."""
        if run.fence is not None:
            run.fence.cancel()
        run.fence = asyncio.get_running_loop().call_at(renewed_at_s + self._lease_s, self._lease_over, run)

    def _lease_over(self, run: _Run) -> None:
        """Stop a run whose lease may have ended, unless the keeper has renewed it while this process could not."""
        renewed_at_s = self._keeper.renewed_at_s(run.claim.owner)
        if renewed_at_s + self._lease_s > asyncio.get_running_loop().time():
            self._fence(run, renewed_at_s)
        else:
            run.end("lost")

    async def _claim(self, task_id: str) -> tuple[Claim | Refused | QueueFault, float]:
        """The answer, and when it was asked for: the lease is not younger than that."""
        owner = f"{self._name}:{uuid4().hex}"
        asked_at_s = 0.0

        async def ask() -> Claim | Refused | QueueFault:
            nonlocal asked_at_s
            asked_at_s = asyncio.get_running_loop().time()
            return await self._desk.claim(task_id, owner, self._lease_s)

        return await self._until_answered(ask), asked_at_s

    async def _attempt(self, run: _Run) -> Outcome | None:
        """What came of the attempt; None when the task is no longer ours."""
        started_s = time.perf_counter()
        run.work = asyncio.ensure_future(self._job(run.claim, run.report))
        if self._is_stopping:
            run.end("hand_back")
        try:
            outcome = self._outcome(run.claim, await run.work)
        except asyncio.CancelledError:
            if run.ending is None:
                raise
            outcome = _outcome_of_ending(run.ending)
        except Exception as error:  # noqa: BLE001  whatever a task raises is a failed attempt
            structlog.get_logger().exception("attempt_broke")
            outcome = self._failed(run.claim, f"unexpected {type(error).__name__}")
        if isinstance(outcome, Succeeded):
            self._metrics.executed()
        _log_attempt(outcome, time.perf_counter() - started_s)
        return outcome

    def _outcome(self, claim: Claim, result: dict[str, object] | AttemptFailed) -> Outcome | None:
        return self._failed(claim, result.error) if isinstance(result, AttemptFailed) else Succeeded(result)

    def _failed(self, claim: Claim, error: str) -> Failed:
        return Failed(error, self._policy.retry_in_s(claim.attempt, self._draw))

    async def _settle(self, claim: Claim, outcome: Outcome) -> None:
        state = await self._until_answered(lambda: self._desk.settle(claim, outcome))
        if state is None or isinstance(state, QueueFault):
            structlog.get_logger().warning("outcome_not_recorded", answer=_reason(state))
        else:
            self._metrics.settled(state)

    async def _until_answered(self, ask: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
        """Ask again while the queue does not answer: a message that is given up here would be lost."""
        while True:
            answer = await ask()
            if not isinstance(answer, QueueFault) or self._is_stopping:
                return answer
            await self._sleep(FAULT_PAUSE_S)


def _outcome_of_ending(ending: Ending) -> Outcome | None:
    outcomes: dict[Ending, Outcome | None] = {"stop": Stopped(), "hand_back": HandedBack(), "lost": None}
    return outcomes[ending]


def _reason(answer: Refused | QueueFault | None) -> str:
    match answer:
        case Refused(reason=reason):
            return reason
        case QueueFault(detail=detail):
            return detail
        case None:
            return "the task is another's by now"


def _log_attempt(outcome: Outcome | None, duration_s: float) -> None:
    kind = "lost" if outcome is None else type(outcome).__name__.lower()
    error = outcome.error if isinstance(outcome, Failed) else None
    structlog.get_logger().info("attempt_ended", outcome=kind, error=error, duration_s=round(duration_s, 3))
