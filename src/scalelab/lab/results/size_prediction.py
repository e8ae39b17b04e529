"""`predictions/<repetition>.json`: what was predicted of sizes before they were measured. Figures only."""

from scalelab.contracts.model import Contract

PREDICTIONS_FOLDER = "predictions"


class SizePrediction(Contract):
    """Throughput to expect with another number of gateways, everything else as measured."""

    gateways: int
    """For so many."""
    throughput_per_s: float
    """Expected good answers each second."""
    low_per_s: float
    """Lower end of the interval."""
    high_per_s: float
    """95 % interval of one further run."""
    binding: str
    """Which resource will bind."""
    limit_per_s: float
    """What that resource allows."""
    formula: str
    """With the measured numbers in it."""

    def contains(self, throughput_per_s: float) -> bool:
        """Whether a measurement lies inside the interval."""
        return self.low_per_s <= throughput_per_s <= self.high_per_s


class SweepPredictions(Contract):
    """From the sweep of one repetition, or of a whole run."""

    schema_version: int = 1
    """Of this part."""
    others: dict[str, str | int | float | bool]
    """Factors beside the gateways, the same in the whole sweep."""
    measured: dict[int, tuple[float, ...]]
    """Gateways -> throughput of each run: what it was learned from."""
    predictions: tuple[SizePrediction, ...]
    """One for each size asked about."""


class PredictionsFile(Contract):
    """All sweeps of one repetition."""

    schema_version: int = 1
    """Of this file."""
    sweeps: tuple[SweepPredictions, ...]
    """One for each set of other factors."""
    faults: tuple[str, ...] = ()
    """In sentences, why nothing was predicted from a sweep."""
