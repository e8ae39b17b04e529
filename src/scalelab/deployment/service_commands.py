"""The command line of each instance; writes the settings file that it names. Never a secret in either."""

import os
import sys

from scalelab.contracts.service_settings import FIELD_VARIABLE_PREFIX, SETTINGS_FILE_VARIABLE
from scalelab.deployment.cache_server import cache_configuration
from scalelab.deployment.engines import demand_valkey
from scalelab.deployment.fleet import Command
from scalelab.deployment.instance import Instance
from scalelab.deployment.private_files import write_private
from scalelab.deployment.service_plan import SERVICE_MODULES, StackPlan

FOREIGN_VARIABLES = frozenset({"GUNICORN_CMD_ARGS"})
"""Would change how our services are served."""


def service_command(plan: StackPlan, instance: Instance) -> Command:
    """What starts this instance on the ports that are bound for it now.

    Raises:
        OSError: the settings cannot be written.
        UnfitMachineError: no cache server on this machine.
    """
    if instance.service == "cache":
        return _cache_command(plan, instance)
    settings = plan.settings(instance.service, instance.name, instance.address("traffic"), instance.address("admin"))
    file = plan.directory.settings / f"{instance.name}.json"
    write_private(file, settings.model_dump_json(indent=1).encode())
    return Command(
        [sys.executable, "-P", "-m", SERVICE_MODULES[instance.service]],
        child_environment() | {SETTINGS_FILE_VARIABLE: str(file)},
    )


def child_environment() -> dict[str, str]:
    """Ours, without variables that would change a service's settings."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FIELD_VARIABLE_PREFIX) and name not in FOREIGN_VARIABLES
    }


def _cache_command(plan: StackPlan, instance: Instance) -> Command:
    file = plan.directory.settings / f"{instance.name}.conf"
    configuration = cache_configuration(plan.topology.cache, plan.directory.cache_socket, plan.directory.data)
    write_private(file, configuration.encode())
    return Command([str(demand_valkey().path), str(file)], child_environment())
