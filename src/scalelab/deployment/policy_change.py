"""Another balancing policy while a stack of processes runs; a balancer that starts later has it, too."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from scalelab.contracts.document_faults import validation_faults
from scalelab.contracts.membership import PolicyChoice
from scalelab.contracts.topology import BALANCING_POLICIES, Topology
from scalelab.deployment.errors import ConfigurationError, DisturbanceError
from scalelab.deployment.readiness import put_policy
from scalelab.deployment.stack_parts import StackParts


def balanced_topology(topology: Topology, policy: str) -> Topology:
    """The topology with another policy. Pure.

    Raises:
        ConfigurationError: there is no such policy, or its engine has not got it.
    """
    if policy not in BALANCING_POLICIES:
        offered = ", ".join(topology.load_balancer.policies)
        raise ConfigurationError(f"there is no policy {policy!r}; this balancer has {offered}")
    document = topology.model_dump()
    document["load_balancer"]["policy"] = policy
    try:
        return Topology.model_validate(document)
    except ValidationError as error:
        raise ConfigurationError("; ".join(validation_faults(error, document, Topology))) from error


def change_policy(
    parts: StackParts, policy: str, ask_balancer: Callable[[Path, PolicyChoice, str], str] = put_policy
) -> None:
    """Change it in the plan and in the balancer; the plan is as before when it could not be done.

    Raises:
        ConfigurationError: see `balanced_topology`.
        DisturbanceError: the balancer did not take it.
    """
    before = parts.plan
    topology = balanced_topology(before.topology, policy)
    parts.plan = replace(before, topology=topology)
    fault = ask_balancer(
        parts.traffic.members_socket, PolicyChoice(policy=topology.load_balancer.policy), before.nonce
    )
    if fault:
        parts.plan = before
        raise DisturbanceError(f"the balancer did not take policy = {policy!r}: {fault}")
