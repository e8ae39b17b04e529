"""A setting changed while a stack of processes runs, so that instances that start later have it, too.

The database takes its delay as it runs. Gateways are started anew, each in turn, as a rolling release does it: the
balancer leaves each alone meanwhile.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

from pydantic import ValidationError

from scalelab.contracts.document_faults import validation_faults
from scalelab.contracts.faults import Fault, IsNoticed
from scalelab.contracts.live_settings import LIVE_SETTINGS
from scalelab.contracts.topology import Delay, Topology
from scalelab.deployment.errors import ConfigurationError, DeploymentError, DisturbanceError
from scalelab.deployment.listeners import Endpoint
from scalelab.deployment.overrides import apply_overrides
from scalelab.deployment.readiness import put_delay
from scalelab.deployment.stack_parts import StackParts

RESTART_GATEWAYS = Fault(kind="restart", target="api_gateway", at_s=0)


def changed_topology(topology: Topology, setting: str, value: float) -> Topology:
    """The topology with another value. Pure.

    Raises:
        ConfigurationError: a setting that cannot be changed, or an impossible value.
    """
    if setting not in LIVE_SETTINGS:
        raise ConfigurationError(f"{setting!r} cannot be changed while a stack runs; {', '.join(LIVE_SETTINGS)} can")
    document, _ = apply_overrides(topology.model_dump(), [f"{setting}={value:g}"])
    try:
        return Topology.model_validate(document)
    except ValidationError as error:
        raise ConfigurationError("; ".join(validation_faults(error, document, Topology))) from error


def change_setting(
    parts: StackParts,
    setting: str,
    value: float,
    database_admin: Endpoint | None,
    disturb: Callable[[Fault], AbstractContextManager[IsNoticed]],
    ask_database: Callable[[Endpoint, str, Delay], str] = put_delay,
) -> None:
    """Change it in the plan and in what runs; the plan is as before when it could not be done.

    Raises:
        ConfigurationError: see `changed_topology`.
        DisturbanceError: an instance did not take it.
    """
    before = parts.plan
    parts.plan = replace(before, topology=changed_topology(before.topology, setting, value))
    try:
        if setting.startswith("database."):
            if database_admin is None:
                raise ConfigurationError(f"{setting} cannot be changed: this stack has no database")
            fault = ask_database(database_admin, before.nonce, parts.plan.topology.database.delay)
            if fault:
                raise DisturbanceError(f"the database did not take {setting} = {value:g}: {fault}")
        else:
            with disturb(RESTART_GATEWAYS):
                pass
    except DeploymentError:
        parts.plan = before
        raise
