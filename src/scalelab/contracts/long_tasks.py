"""Long tasks as data: what the gateway puts on the queue and what a client reads back."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from scalelab.contracts.model import Contract

QUEUE_NAME = "longtask"
ACTOR_NAME = "run_long_task"

TaskState = Literal["queued", "running", "retrying", "succeeded", "cancelling", "cancelled", "dead"]
FINAL_STATES: frozenset[TaskState] = frozenset({"succeeded", "cancelled", "dead"})


class LongTaskRequest(Contract):
    """Body of `POST /longtask`: aggregate `count` records from `first_key` on, taking at least `duration_s`."""

    duration_s: Annotated[float, Field(ge=0, le=3600)] = 5.0
    first_key: Annotated[int, Field(ge=1, lt=10**18)] = 1
    count: Annotated[int, Field(ge=1, le=10_000)] = 100
    fail_attempts: Annotated[int, Field(ge=0, le=100)] = 0
    """Attempts that fail on purpose, to show retries and the dead letter."""

    @field_validator("*", mode="before")
    @classmethod
    def _is_a_number(cls, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("must be a number")  # noqa: TRY004  what a validator raises
        return value


class LongTaskView(Contract):
    """Answer of `GET /longtask/{id}`."""

    id: str
    subject: str = ""
    """Whose task it is: nobody else is shown it, and the answer proves it."""
    state: TaskState
    progress: Annotated[float, Field(ge=0, le=1)]
    attempts: int
    result: dict[str, object] | None = None
    error: str | None = None
    submitted_at_s: float
    """Unix time."""
    finished_at_s: float | None = None
