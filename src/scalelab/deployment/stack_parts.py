"""What a local stack consists of before it runs: bound instances, credentials, plan. Starts no process."""

from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import dataclass

from scalelab.contracts.stack_view import ServiceName
from scalelab.contracts.topology import Topology
from scalelab.deployment.credentials import Credentials, generate_credentials, signing_key, write_account_hashes
from scalelab.deployment.fleet import Fleet
from scalelab.deployment.instance import Instance, service_instance
from scalelab.deployment.listeners import Endpoint
from scalelab.deployment.private_files import write_private
from scalelab.deployment.scaling import members
from scalelab.deployment.service_plan import StackPlan
from scalelab.deployment.state_directory import StackDirectory
from scalelab.deployment.traffic import Traffic


@dataclass
class StackParts:
    """What a stack has once its ports are bound. `plan` changes as the stack is scaled."""

    credentials: Credentials
    plan: StackPlan
    traffic: Traffic


def bound_instance(topology: Topology, directory: StackDirectory, service: ServiceName, number: int) -> Instance:
    """An instance with its ports bound, not started.

    Raises:
        UnfitMachineError: the balancer's port is taken.
    """
    if service == "cache":
        return Instance("cache", number, fixed_url=f"unix://{directory.cache_socket}")
    if service == "load_balancer":
        balancer = topology.load_balancer
        return service_instance(service, number, balancer.host, balancer.port)
    return service_instance(service, number)


def made_parts(topology: Topology, directory: StackDirectory, fleet: Fleet) -> StackParts:
    """New credentials, and a plan that knows every bound port of `fleet`."""
    credentials = generate_credentials(topology.accounts.load_pool_size)
    plan = StackPlan(
        topology=topology,
        nonce=credentials.nonce,
        directory=directory,
        database_url=_url_of(fleet.of("database")),
        microservice_url=_url_of(fleet.of("microservice")),
        members=members(gateway_endpoints(fleet.of("api_gateway")), topology.load_balancer.weights),
    )
    traffic = Traffic(
        balancer=_traffic(fleet.of("load_balancer")[0]),
        members_socket=directory.members_socket,
        nonce=credentials.nonce,
        drain_timeout_s=topology.load_balancer.drain_timeout_s,
        weights=topology.load_balancer.weights,
    )
    return StackParts(credentials, plan, traffic)


def write_secrets(parts: StackParts) -> Future[None]:
    """Write keys and passwords; done when the accounts' hashes are written, too.

    Raises:
        OSError: not writable, no space.
    """
    plan = parts.plan
    write_private(plan.signing_key_file, signing_key(plan.topology.api_gateway.token_algorithm))
    for file, password in plan.secrets.items():
        write_private(file, password.encode())
    return write_account_hashes(
        plan.accounts_file, parts.credentials.accounts, plan.topology.accounts.load_pool_priorities
    )


def gateway_endpoints(gateways: Collection[Instance]) -> dict[str, Endpoint]:
    """Where each of them listens."""
    return {gateway.name: _traffic(gateway) for gateway in gateways}


def _url_of(instances: Collection[Instance]) -> str:
    """Of the one there is; empty without one."""
    return next((_traffic(instance).url for instance in instances), "")


def _traffic(instance: Instance) -> Endpoint:
    assert instance.traffic is not None, f"{instance.name} has no traffic"
    return instance.traffic
