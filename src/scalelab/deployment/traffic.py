"""The way of requests through the balancer: who is in it, and whether each one answers.

Decides nothing about which gateways there should be.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from scalelab.deployment.errors import ScaleError, StartError
from scalelab.deployment.instance import Instance
from scalelab.deployment.listeners import Endpoint
from scalelab.deployment.readiness import answering_instance, get_members, put_members, unready_reason
from scalelab.deployment.scaling import wanted_membership

POLL_S = 0.02


@dataclass(frozen=True)
class Traffic:
    """The balancer of one stack."""

    balancer: Endpoint
    members_socket: Path
    nonce: str
    drain_timeout_s: float
    weights: tuple[int, ...] = ()
    """Of the gateways, by their number."""

    def await_round_trips(
        self, gateways: Collection[str], deadline_s: float, check: Callable[[], None] = lambda: None
    ) -> None:
        """See the function of the same name."""
        await_round_trips(self.balancer, self.nonce, gateways, deadline_s, check)

    def direct_to(self, gateways: Mapping[str, Endpoint]) -> None:
        """Make exactly these take traffic; returns when others have finished their requests.

        Raises:
            ScaleError: the balancer does not do it.
        """
        wanted = wanted_membership(gateways, self.drain_timeout_s, self.weights)
        deadline_s = time.monotonic() + self.drain_timeout_s
        while isinstance(answer := put_members(self.members_socket, wanted, self.nonce), str):
            if time.monotonic() >= deadline_s:
                raise ScaleError(f"the balancer did not take its members: {answer}")
            time.sleep(POLL_S)

    def unready_reason(self, instance: Instance) -> str:
        """Why an instance that has admin listener is not ready; empty when it is.

        One that has been ready before counts again only when traffic can reach it.
        """
        assert instance.admin is not None
        reason = unready_reason(instance.admin, self.nonce)
        if reason or not instance.has_been_ready:
            return reason
        if instance.service == "api_gateway" and not self.is_up(instance.name):
            return "the balancer has not taken it back"
        if instance.service == "load_balancer" and answering_instance(self.balancer, self.nonce) is None:
            return "no gateway answers through it"
        return ""

    def is_up(self, gateway: str) -> bool:
        """Whether the balancer sends requests to this gateway."""
        view = get_members(self.members_socket)
        return not isinstance(view, str) and any(one.name == gateway and one.state == "up" for one in view.members)


def await_round_trips(
    balancer: Endpoint,
    nonce: str,
    gateways: Collection[str],
    deadline_s: float,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Return when each of `gateways` has answered through the balancer with this stack's nonce.

    Args:
        balancer: where it listens.
        nonce: the stack's.
        gateways: names of instances.
        deadline_s: on the clock of `time.monotonic`.
        check: called between round trips; what it raises ends the wait.

    Raises:
        StartError: not all did before the deadline.
    """
    left = set(gateways)
    while left:
        check()
        instance = answering_instance(balancer, nonce)
        left.discard(instance or "")
        if left and time.monotonic() >= deadline_s:
            raise StartError(
                f"{', '.join(sorted(left))} did not answer through the balancer at {balancer.url} in time"
            )
        if instance is None:
            time.sleep(POLL_S)
