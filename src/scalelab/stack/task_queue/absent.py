"""The queue of a stack that has none: every answer is a fault."""

from scalelab.stack.task_queue.base import QueueFault, Submission


class AbsentTaskQueue:
    """Stands where a stack was started without a queue."""

    _fault = QueueFault("this stack has no task queue")

    async def submit(self, submission: Submission) -> QueueFault:  # noqa: ARG002  the protocol's signature
        """Nothing is recorded."""
        return self._fault

    async def view(self, task_id: str, subject: str) -> QueueFault:  # noqa: ARG002  the protocol's signature
        """Nothing is known."""
        return self._fault

    async def cancel(self, task_id: str, subject: str) -> QueueFault:  # noqa: ARG002  the protocol's signature
        """Nothing is cancelled."""
        return self._fault

    async def dead_letters(self, subject: str | None, limit: int) -> QueueFault:  # noqa: ARG002  as above
        """Nothing is listed."""
        return self._fault

    async def retry(self, task_id: str) -> QueueFault:  # noqa: ARG002  the protocol's signature
        """Nothing is queued."""
        return self._fault

    async def drop(self, task_id: str) -> QueueFault:  # noqa: ARG002  the protocol's signature
        """Nothing is forgotten."""
        return self._fault
