"""What every load driver has in common: whom it tells how a load goes on, and how it ends."""

from dataclasses import dataclass
from typing import Protocol

from scalelab.lab.results.recording import TimelineRow


@dataclass(frozen=True)
class LoadEnd:
    """How a load ended; `trouble` is empty when the driver did what it was told."""

    trouble: str = ""


class LoadFollower(Protocol):
    """Is told how a load goes on; returns at once."""

    def started(self, pid: int) -> None:
        """The generator's process."""

    def began(self, started_at_unix_s: float) -> None:
        """The load itself has begun: logins and the generator's own start are over."""

    def second(self, row: TimelineRow) -> None:
        """A second of the timeline was written."""
