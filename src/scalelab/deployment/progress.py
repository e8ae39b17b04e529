"""How a stack that comes up tells how far it is. Pure data."""

from collections.abc import Callable
from dataclasses import dataclass

from scalelab.contracts.stack_view import ServiceState


@dataclass(frozen=True)
class Progress:
    """One instance has changed; `ready` of `total` are ready."""

    instance: str
    state: ServiceState
    ready: int
    total: int


OnProgress = Callable[[Progress], None]


def ignore_progress(_progress: Progress) -> None:
    """For whoever does not want to know."""
