"""How a balancer treats its gateways, beyond the policy: said once for the topology and the balancer's settings."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from scalelab.contracts.model import Contract


class MemberCare(Contract):
    """All of it is off by default."""

    slow_start_s: Annotated[float, Field(ge=0, le=3600)] = 0.0
    """Time over which a gateway that is new or was out gets ever more, from a tenth of its share to all of it; 0 =
    all at once. Those that are there when the balancer starts have theirs at once (Envoy: slowly, too)."""
    ejection_failures: Annotated[int, Field(ge=0, le=1000)] = 0
    """Failures in a row (no connection, no answer, none in time, 5xx) after which a gateway is left alone, whatever
    its checks say; 0 = never."""
    ejection_s: Annotated[float, Field(gt=0, le=3600)] = 10.0
    """How long the first time; the second time in a row twice as long, and so on, ten times as long at most."""
    ejection_max_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of all gateways that may be left alone for their failures at a time."""
    panic_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """When no more than this share of the gateways take traffic, all that ever did are used: a check that fails
    everywhere may be wrong, and the few that are left must not drown. 0 = never."""
    max_connection_age_s: Annotated[float, Field(ge=0)] = 0.0
    """Age at which a client's connection ends with its next answer, give or take a tenth; 0 = none. Then clients that
    keep connections for ever spread over balancers that came later."""


CARE_NOT_OFFERED: Mapping[str, Mapping[str, str]] = {
    "nginx": {
        "slow_start_s": "only its commercial edition begins slowly",
        "ejection_failures": "it can leave out every gateway for its errors, without a cap on their share",
    },
    "haproxy": {
        "ejection_failures": "it can take out every gateway for its errors, without a cap on their share",
        "panic_share": "it never uses a gateway that is down",
    },
}
"""Engine -> setting -> why it cannot be other than its default there."""


def care_not_offered(engine: str, care: MemberCare) -> str:
    """What of it the engine does not offer, as one line that says what to change; empty when all is offered."""
    for name, reason in CARE_NOT_OFFERED.get(engine, {}).items():
        value = getattr(care, name)
        if value != MemberCare.model_fields[name].default:
            others = (other for other in ("envoy", "python") if name not in CARE_NOT_OFFERED.get(other, {}))
            instead = " or ".join(map(repr, others))
            return f"{name} = {value:g} is not offered by engine = {engine!r}: {reason}; use engine = {instead}"
    return ""
