"""What is known of one repetition when its validity is judged: figures only, no judgement."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from scalelab.lab.results.recording import TimelineRow
from scalelab.lab.results.run_record import (
    Books,
    CacheCheck,
    LittleCheck,
    Prediction,
    ProcessGrowth,
    ReplicaShare,
    ServerCheck,
    Window,
)


@dataclass(frozen=True)
class Evidence:
    """One repetition. Figures that are not there are None; they cannot be doubted, so their rules stay silent."""

    books: Books
    window: Window
    load_duration_s: float
    """As configured."""
    users: int
    think_time_mean_s: float
    completed_in_window: int
    throughput_per_s: float | None
    cache: CacheCheck
    little: LittleCheck | None = None
    server: ServerCheck | None = None
    replicas: ReplicaShare | None = None
    cache_ttl_s: float | None = None
    prediction: Prediction | None = None
    timeline: Sequence[TimelineRow] = ()
    """Every second of the load and the drain, as far as it was written."""
    is_partial: bool = False
    """The load ended before its time, or its record was never completed."""
    trouble: str = ""
    """Why, in words."""
    system_faults: Sequence[str] = ()
    """What ended or was started again during the load."""
    growth: Sequence[ProcessGrowth] = ()
    """Of each process, where the load was long."""
    defects: dict[str, int] = field(default_factory=dict)
    """Wrong answers with a good status, by what was wrong."""
    is_disturbed: bool = False
    """Whether faults were done to the system: then it is not meant to be steady, and replicas not to be even."""
    expects_failures: bool = False
    """Whether refusals and timeouts are part of the question."""
    generator_faults: int = 0
    """Of the failures: this machine's own (no ports, no descriptors left)."""
    oldest_censored_s: float | None = None
    """Age of the oldest request that never had an answer."""
    drain_limit_s: float | None = None
    machine_busy_ratio: float | None = None
    """Share of the seconds in which all cores were busy above 90 %."""
    not_sent_reasons: dict[str, int] = field(default_factory=dict)

    @property
    def window_rows(self) -> tuple[TimelineRow, ...]:
        """The whole seconds within the window."""
        return tuple(
            row for row in self.timeline if row.second >= self.window.start_s and row.second + 1 <= self.window.end_s
        )
