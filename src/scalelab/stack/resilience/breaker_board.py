"""What gateways tell each other of their breakers: one record of each service, changed by one word at a time. Pure.

The engines that hold it stand elsewhere. A gateway decides by what it has seen itself when nothing can be heard.
"""

from dataclasses import dataclass, replace
from typing import Literal, Protocol

Word = Literal["look", "open", "probe", "good", "bad", "give_up"]
"""Only look; I have opened; may I try it; the try was good, or bad; or its client went away."""


@dataclass(frozen=True)
class BoardRule:
    """The same at every gateway."""

    open_s: float
    """How long a service is left alone. After as long, a try of which nothing was heard is no longer waited for."""
    probes: int
    """Tries of all gateways together; so many good ones close the breaker."""


@dataclass(frozen=True)
class BreakerRecord:
    """Of one service. Times are those of the engine's clock."""

    epoch: int = 0
    """How often it was opened."""
    is_open: bool = False
    """Open or half-open."""
    until_s: float = 0.0
    """From here on it is half-open."""
    probing: int = 0
    good: int = 0
    probed_at_s: float = 0.0


@dataclass(frozen=True)
class Posted:
    """What stands on the board after a word."""

    epoch: int
    open_s: float | None
    """How long the service is still left alone; 0 = it may be tried; None = it is asked as usual."""
    is_granted: bool = False
    """Whether this gateway may send one try."""


class BreakerBoard(Protocol):
    """Safe for concurrent use on one event loop; each word is one atomic step for all gateways."""

    async def tell(self, service: str, word: Word, epoch: int) -> Posted | None:
        """Say a word, and hear what stands there then; None: the board cannot be reached, nothing is known.

        Args:
            service: whose breaker.
            word: see there.
            epoch: of which the word is; a word of another epoch changes nothing but `open`.
        """
        ...

    async def aclose(self) -> None:
        """Give back connections."""
        ...


def after(
    record: BreakerRecord, word: Word, epoch: int, rule: BoardRule, now_s: float
) -> tuple[BreakerRecord, Posted]:
    """The record after a word, and what is told."""
    is_half_open = record.is_open and now_s >= record.until_s
    is_its_own = is_half_open and epoch == record.epoch
    if now_s - record.probed_at_s > rule.open_s:
        record = replace(record, probing=0)
    is_granted = False
    if (word == "open" and (is_half_open or not record.is_open)) or (word == "bad" and is_its_own):
        record = BreakerRecord(record.epoch + 1, True, now_s + rule.open_s)
    elif word == "probe" and is_its_own and record.probing + record.good < rule.probes:
        is_granted = True
        record = replace(record, probing=record.probing + 1, probed_at_s=now_s)
    elif word == "give_up" and is_its_own:
        record = replace(record, probing=max(0, record.probing - 1))
    elif word == "good" and is_its_own:
        record = replace(record, probing=max(0, record.probing - 1), good=record.good + 1)
        if record.good >= rule.probes:
            record = BreakerRecord(record.epoch)
    return record, Posted(record.epoch, max(0.0, record.until_s - now_s) if record.is_open else None, is_granted)
