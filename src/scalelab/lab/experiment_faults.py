"""What is wrong with an experiment, as one error. Pure."""

from collections.abc import Iterable


class ExperimentError(Exception):
    """Raised when an experiment cannot be run as written; the message holds every fault. Nothing was started."""


def experiment_error(source: str, faults: Iterable[str]) -> ExperimentError:
    """All faults in one message; each is told once."""
    told = list(dict.fromkeys(faults))
    if len(told) == 1:
        return ExperimentError(f"{source} is not valid, nothing was started: {told[0]}")
    head = f"{source} is not valid, nothing was started; {len(told)} faults:"
    return ExperimentError("\n  ".join([head, *told]))
