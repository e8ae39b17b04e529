"""How messages reach the runner. The task queue's own list comes first in any case; a second broker may follow it."""

from typing import Protocol

from scalelab.stack.worker.runner import TaskRunner


class Delivery(Protocol):
    """What becomes of a message that was taken from the task queue's list. All methods belong to one event loop."""

    threads: int
    """Messages that may be in `deliver` at a time."""

    async def deliver(self, task_id: str) -> None:
        """Returns when the message may be forgotten. Never raises."""
        ...

    def drain(self) -> None:
        """Begin nothing more."""
        ...

    def lacking(self) -> str:
        """Why no task can begin, as far as this knows, in one line; empty when nothing is in the way."""
        ...

    async def finished(self) -> None:
        """Returns when nothing runs any more that this began by itself. After `drain` only."""
        ...


class DirectDelivery:
    """To the runner, at once."""

    def __init__(self, runner: TaskRunner, threads: int) -> None:
        self.threads = threads
        self._runner = runner

    async def deliver(self, task_id: str) -> None:
        """Run it."""
        await self._runner.run(task_id)

    def drain(self) -> None:
        """The list is not read any more: nothing to do."""

    def lacking(self) -> str:
        """The sweep asks the task queue itself."""
        return ""

    async def finished(self) -> None:
        """Everything is in `deliver`."""
