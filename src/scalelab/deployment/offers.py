"""What a deployment does not offer is refused, instead of starting something else. Pure."""

from scalelab.contracts.topology import Topology
from scalelab.deployment.errors import ConfigurationError

BUNDLED_POSTGRESQL = "postgresql:"
"""A database server of the stack's own."""
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  compared with, not bound to


def demand_local_offers(topology: Topology) -> None:
    """Refuse what processes of this machine do not offer.

    Raises:
        ConfigurationError: says what, and what to change.
    """
    if topology.api_gateway.cpu_limit_cores:
        raise ConfigurationError(
            f"api_gateway.cpu_limit_cores = {topology.api_gateway.cpu_limit_cores:g} is not offered for processes of "
            f"this machine: leave it out, or start containers with --on compose"
        )
    if topology.database.url == BUNDLED_POSTGRESQL:
        raise ConfigurationError(
            "database.url = 'postgresql:' is not offered for processes of this machine: name a server, as in "
            "'postgresql://user@host/name', or start containers with --on compose"
        )


def demand_compose_offers(topology: Topology) -> None:
    """Refuse what containers do not offer. Raises as `demand_local_offers`."""
    _demand_container_offers(topology, "compose")


def demand_swarm_offers(topology: Topology) -> None:
    """Refuse what a Swarm does not offer: beside that of all containers, a port on one address alone."""
    _demand_container_offers(topology, "swarm")
    host = topology.load_balancer.host
    if host != EVERY_ADDRESS:
        raise ConfigurationError(
            f"load_balancer.host = {host!r} is not offered on swarm, which publishes a port on every address of its "
            f"node: allow that with --set load_balancer.host={EVERY_ADDRESS}"
        )


def demand_kubernetes_offers(topology: Topology) -> None:
    """Refuse what a cluster does not offer. Raises as `demand_local_offers`."""
    _demand_container_offers(topology, "kubernetes")
    if topology.cache.engine == "memory":
        raise ConfigurationError(
            "cache.engine = 'memory' is not offered on kubernetes, where gateways come and go and share one cache: "
            "use 'valkey'"
        )
    if topology.api_gateway.slow_replicas:
        raise ConfigurationError(
            f"api_gateway.slow_replicas = {topology.api_gateway.slow_replicas} is not offered on kubernetes, where "
            f"no gateway is the first one: leave it out"
        )


def _demand_container_offers(topology: Topology, where: str) -> None:
    if not topology.laboratory:
        raise ConfigurationError(
            f"laboratory = false is not offered on {where}: say laboratory = true (with --routes: --set "
            f"laboratory=true), and name upstreams as they are reached from there"
        )
    if topology.load_balancer.engine != "haproxy":
        raise ConfigurationError(
            f"load_balancer.engine = {topology.load_balancer.engine!r} is not offered on {where}: use 'haproxy', "
            f"which finds its gateways by DNS"
        )
    if topology.load_balancer.weights:
        raise ConfigurationError(
            f"load_balancer.weights = {list(topology.load_balancer.weights)} is not offered on {where}, whose "
            f"balancer finds gateways by DNS and knows no numbers: leave it out"
        )
    if topology.api_gateway.traces_endpoint:
        raise ConfigurationError(
            f"api_gateway.traces_endpoint = {topology.api_gateway.traces_endpoint!r} is not offered on {where}: its "
            f"services reach nothing outside. Leave it out, or start processes of this machine"
        )
    if topology.worker.broker != "valkey":
        raise ConfigurationError(
            f"worker.broker = {topology.worker.broker!r} is not offered on {where}, whose services reach nothing "
            f"outside: use 'valkey', or start processes of this machine"
        )
    if topology.cache.url:
        raise ConfigurationError(
            f"cache.url = {topology.cache.url.rpartition('@')[2]!r} is not offered on {where}, which has a cache of "
            f"its own: leave one of them out"
        )
