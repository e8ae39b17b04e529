"""What a load worker is busy with: one load at a time, within its limits. No sockets, no processes."""

from collections.abc import Iterator
from contextlib import contextmanager

from scalelab.lab.load.workers.limits import WorkerLimits
from scalelab.lab.load.workers.messages import Assignment


class Occupancy:
    """The processes of the load that is being served, if any."""

    def __init__(self, limits: WorkerLimits) -> None:
        self._limits = limits
        self._load_id = ""
        self._parts: set[int] = set()

    def objection_to(self, assignment: Assignment) -> str:
        """Why it cannot be taken on; empty when it can."""
        if self._parts and assignment.load_id != self._load_id:
            return "it is at work for another load: wait for its end"
        if assignment.part in self._parts or not 0 <= assignment.part < assignment.plan.processes:
            return f"there is no process {assignment.part} of {assignment.plan.processes} left to start"
        return self._limits.objection_to(assignment.plan, len(self._parts) + 1)

    @contextmanager
    def held(self, assignment: Assignment) -> Iterator[None]:
        """While that process runs."""
        self._load_id = assignment.load_id
        self._parts.add(assignment.part)
        try:
            yield
        finally:
            self._parts.remove(assignment.part)
