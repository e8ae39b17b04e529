"""What the services of a stack are told when they run in containers. Pure: a topology in, settings out."""

from dataclasses import dataclass
from pathlib import Path

from scalelab.contracts.membership import Member
from scalelab.contracts.service_settings import ServiceSettings
from scalelab.contracts.stack_view import ServiceName
from scalelab.contracts.topology import LoadBalancer, Topology
from scalelab.deployment.cache_server import networked_cache_configuration
from scalelab.deployment.offers import BUNDLED_POSTGRESQL
from scalelab.deployment.service_plan import StackPlan
from scalelab.deployment.state_directory import StackDirectory

INSIDE = StackDirectory("container", Path("/run/scalelab"))
"""The stack's directory as a container sees it: only what its service needs is there."""
TRAFFIC_PORT, ADMIN_PORT, CACHE_PORT = 8080, 8081, 6379
ANY_INSTANCE = 0
"""Containers of one service share their settings; each learns its own number when it starts."""
PRIVATE_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""Of which an engine takes the stack's network: balancers are in it, and nobody else is."""
CONFIGURED: tuple[ServiceName, ...] = ("load_balancer", "api_gateway", "microservice", "worker", "database")
CACHE_OVERHEAD_MIB = 64
"""Beside twice its data: it rewrites its log in a copy of itself."""
_DRAIN_MARGIN_S = 1.0


@dataclass(frozen=True)
class ContainerLayout:
    """One stack in containers.

    Args:
        topology: as it was asked for.
        nonce: the stack's own.
        cache_password: of the stack's Valkey.
        database_password: of the stack's PostgreSQL, if it has one.
        gateways_host: the name whose addresses are the gateways'.
    """

    topology: Topology
    nonce: str
    cache_password: str
    database_password: str
    gateways_host: str = "api_gateway"

    def plan(self) -> StackPlan:
        """The plan of the services, with the names of containers for addresses."""
        return StackPlan(
            topology=self._inside(),
            nonce=self.nonce,
            directory=INSIDE,
            database_url=f"http://database:{TRAFFIC_PORT}",
            microservice_url=f"http://microservice:{TRAFFIC_PORT}",
            members=(Member(name="api_gateway", host=self.gateways_host, port=TRAFFIC_PORT),),
        )

    def settings(self) -> dict[ServiceName, ServiceSettings]:
        """What each service of ours is told."""
        plan = self.plan()
        return {
            service: plan.settings(
                service,
                f"{service}-{1 if service == 'load_balancer' else ANY_INSTANCE}",
                "" if service == "worker" else f"0.0.0.0:{TRAFFIC_PORT}",
                f"0.0.0.0:{ADMIN_PORT}",
            )
            for service in CONFIGURED
        }

    def cache_configuration(self) -> str:
        """Valkey's file. Has the password in it."""
        return networked_cache_configuration(self.topology.cache, CACHE_PORT, self.cache_password, Path("/data"))

    @property
    def passwords(self) -> dict[str, str]:
        """By the name of the file in `keys` that holds it: those of servers that the topology names, and our own."""
        named = {file.name: password for file, password in self.plan().secrets.items()}
        return {"cache_password": self.cache_password, "database_password": self.database_password} | named

    @property
    def profiles(self) -> tuple[str, ...]:
        """Of the file, beyond what always runs."""
        return ("postgresql",) if self.topology.database.url == BUNDLED_POSTGRESQL else ()

    def variables(self, state: Path, port: int, user: str) -> dict[str, str]:
        """What `compose.yaml` takes from its environment.

        Args:
            state: the stack's directory on this machine.
            port: of the balancer, on this machine.
            user: `uid:gid` of the processes, who own the files.
        """
        has_queue = self.topology.cache.engine == "valkey"
        return {
            "SCALELAB_STATE": str(state),
            "SCALELAB_HOST": self.topology.load_balancer.host,
            "SCALELAB_PORT": str(port),
            "SCALELAB_USER": user,
            "GATEWAYS": str(self.topology.api_gateway.replicas),
            "WORKERS": str(self.topology.worker.replicas if has_queue else 0),
            "CACHE_MEMORY": f"{2 * self.topology.cache.max_memory_mib + CACHE_OVERHEAD_MIB}M",
            "GATEWAY_CPUS": f"{self.topology.api_gateway.cpu_limit_cores or 1.0:g}",
            "GATEWAY_DRAIN_DELAY_S": f"{drain_delay_s(self.topology.load_balancer):g}",
        }

    def _inside(self) -> Topology:
        """The topology as the services see it."""
        document = self.topology.model_dump()
        if self.topology.cache.engine == "valkey":
            document["cache"]["url"] = f"redis://:{self.cache_password}@cache:{CACHE_PORT}/0"
        if self.topology.database.url == BUNDLED_POSTGRESQL:
            document["database"]["url"] = f"postgresql://scalelab:{self.database_password}@postgresql/scalelab"
        document["api_gateway"]["trusted_peers"] = (*self.topology.api_gateway.trusted_peers, *PRIVATE_NETWORKS)
        return Topology.model_validate(document)


def drain_delay_s(balancer: LoadBalancer) -> float:
    """How long a gateway that is to end says so before it does: until HAProxy has surely noticed."""
    return balancer.health_interval_s * (balancer.health_fall + 1) + _DRAIN_MARGIN_S
