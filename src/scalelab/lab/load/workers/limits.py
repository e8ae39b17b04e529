"""What a load worker lets itself be asked for. Pure: a plan in, an objection out."""

from dataclasses import dataclass

import numpy as np

from scalelab.lab.load.plan import ClosedLoad, LoadPlan, OpenLoad


@dataclass(frozen=True)
class WorkerLimits:
    """Of one machine, whatever a coordinator asks."""

    most_rate_per_s: float = 20_000.0
    """Peak of an open load's share."""
    most_users: int = 5_000
    """Of a closed load's share, which has no rate of its own."""
    longest_s: float = 3600.0
    """Duration and drain together."""

    def objection_to(self, plan: LoadPlan, processes: int) -> str:
        """Why so many of the plan's processes are too much for this machine; empty when they are not."""
        load, share = plan.load, processes / plan.processes
        length_s = plan.duration_s + plan.drain_limit_s
        if length_s > self.longest_s:
            return (
                f"a load of {length_s:g} s, its drain included, is longer than it allows: "
                f"{self.longest_s:g} s (its --max-duration)"
            )
        if isinstance(load, ClosedLoad) and load.users * share > self.most_users:
            return f"{load.users * share:.0f} users are more than it allows: {self.most_users} (its --max-users)"
        if isinstance(load, OpenLoad) and (rate_per_s := peak_rate_per_s(load) * share) > self.most_rate_per_s:
            return f"{rate_per_s:g} requests/s are more than it allows: {self.most_rate_per_s:g} (its --max-rate)"
        return ""


def peak_rate_per_s(load: OpenLoad) -> float:
    """The highest rate of the schedule; of a recorded one, the most requests in any second."""
    if load.shape == "replay":
        offsets_s = np.asarray(load.offsets_s)
        return float((np.searchsorted(offsets_s, offsets_s + 1.0) - np.arange(len(offsets_s))).max())
    return max(load.rate_per_s, *load.rates_per_s, 0.0)
