"""`[slo]` of an experiment: what every scenario must keep, one criterion for each figure. Pure; judges nothing."""

from collections.abc import Mapping

from scalelab.lab.load.criteria import Criterion, CriterionError, parse_criterion


class ObjectiveError(ValueError):
    """Raised when objectives cannot be read; the message holds every fault."""


def parse_objectives(slo: Mapping[str, str]) -> tuple[Criterion, ...]:
    """Criteria that are to hold, from figure -> bound such as `p99` -> `< 200 ms`.

    Raises:
        ObjectiveError: with every fault.
    """
    criteria, faults = [], []
    for metric, bound in slo.items():
        try:
            criteria.append(parse_criterion(f"{metric} {bound}"))
        except CriterionError as error:
            faults.append(str(error))
    if faults:
        raise ObjectiveError("; ".join(faults))
    return tuple(criteria)
