"""Which instances come and go when a service is scaled, and what the balancer is told. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from scalelab.contracts.document_faults import validation_faults
from scalelab.contracts.membership import Member, MemberList
from scalelab.contracts.stack_view import ServiceName
from scalelab.contracts.topology import Topology
from scalelab.deployment.errors import ConfigurationError
from scalelab.deployment.listeners import Endpoint

SCALABLE: tuple[ServiceName, ...] = ("api_gateway", "worker")


@dataclass(frozen=True)
class ScaleStep:
    """Numbers of the instances to start and to stop."""

    added: tuple[int, ...]
    removed: tuple[int, ...]


def scale_step(running: Iterable[int], replicas: int) -> ScaleStep:
    """The step from the running numbers to `replicas` instances: lowest free numbers come, highest ones go."""
    present = sorted(running)
    free = (number for number in range(1, len(present) + replicas + 1) if number not in present)
    added = tuple(next(free) for _ in range(replicas - len(present)))
    return ScaleStep(added, tuple(present[replicas:]))


def instances_of(topology: Topology) -> dict[ServiceName, int]:
    """How many processes of each service a stack has, in the order in which their ports are bound."""
    has_own_cache = topology.cache.engine == "valkey" and not topology.cache.url
    has_queue = topology.cache.engine == "valkey"
    return {
        "load_balancer": 1,
        "cache": 1 if has_own_cache else 0,
        "database": int(topology.laboratory),
        "microservice": int(topology.laboratory),
        "api_gateway": topology.api_gateway.replicas,
        "worker": topology.worker.replicas if has_queue and topology.laboratory else 0,
    }


def scaled_topology(topology: Topology, service: ServiceName, replicas: int) -> Topology:
    """The topology with so many replicas.

    Raises:
        ConfigurationError: a service that cannot be scaled, or an impossible number.
    """
    if service not in SCALABLE:
        raise ConfigurationError(f"{service} cannot be scaled; {' and '.join(SCALABLE)} can")
    if service == "worker" and not topology.laboratory:
        raise ConfigurationError("worker cannot be scaled: laboratory = false has no tasks for it")
    if service == "worker" and topology.cache.engine == "memory":
        raise ConfigurationError("worker cannot be scaled: cache.engine = 'memory' has no queue for it")
    document = topology.model_dump()
    document[service]["replicas"] = replicas
    try:
        return Topology.model_validate(document)
    except ValidationError as error:
        raise ConfigurationError("; ".join(validation_faults(error, document, Topology))) from error


def members(gateways: Mapping[str, Endpoint], weights: Sequence[int] = ()) -> tuple[Member, ...]:
    """Gateways as the balancer knows them; `weights` are those of the numbers from 1 on, and 1 beyond."""
    return tuple(
        Member(
            name=name,
            host=endpoint.reachable_host,
            port=endpoint.port,
            weight=_weight(instance_number(name), weights),
        )
        for name, endpoint in gateways.items()
    )


def instance_number(name: str) -> int:
    """3 of `api_gateway-3`."""
    return int(name.rpartition("-")[2])


def wanted_membership(
    gateways: Mapping[str, Endpoint], drain_timeout_s: float, weights: Sequence[int] = ()
) -> MemberList:
    """What to `PUT` so that exactly these gateways take traffic."""
    return MemberList(members=members(gateways, weights), drain_timeout_s=drain_timeout_s)


def _weight(number: int, weights: Sequence[int]) -> int:
    return weights[number - 1] if number <= len(weights) else 1
