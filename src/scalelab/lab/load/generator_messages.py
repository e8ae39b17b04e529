"""What a supervisor and its generators say to each other, one JSON line at a time, through pipes.

Orders hold secrets, so they travel through standard input only.
"""

from typing import Any, Literal

from scalelab.contracts.model import Contract
from scalelab.lab.load.plan import LoadPlan
from scalelab.lab.load.recorder import SecondRow
from scalelab.lab.load.targets import Origin


class Order(Contract):
    """The first line a generator reads."""

    plan: LoadPlan
    addresses: tuple[tuple[Origin, tuple[str, ...]], ...]
    part: int
    """Which one of `plan.processes` it is, from 0."""


class Go(Contract):
    """The second line: when the load starts, as `time.monotonic` of this machine says."""

    start_s: float


STOP_LINE = b"stop\n"
"""The third, if any: end now, and tell what there is. The end of the pipe means that nobody listens any more."""


class Report(Contract):
    """What a generator writes: `ready` once, `progress` once a second, `final` once."""

    kind: Literal["ready", "progress", "final"]
    elapsed_s: float = 0.0
    tally: dict[str, Any] | None = None
    """See `Tally.from_json`. Not in every progress report, where it is large."""
    row: SecondRow | None = None
    window: tuple[float, float] = (0.0, 0.0)
    is_interrupted: bool = False
    are_keys_used_up: bool = False
    machine_cpu_share: float | None = None
    """Of the machine that it runs on, from the start to the last report; in that one."""
    clock_uncertainty_s: float | None = None
    """Of the start, when it runs on another machine; in `ready`."""
