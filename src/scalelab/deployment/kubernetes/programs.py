"""What runs in the container of each part, and how it is asked whether it is well. Pure."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from scalelab.contracts.http_names import LIVE_PATH, READY_PATH
from scalelab.contracts.service_settings import ServiceSettings
from scalelab.contracts.topology import Topology
from scalelab.deployment.container import DRAIN_VARIABLE
from scalelab.deployment.containers.layout import CACHE_OVERHEAD_MIB, INSIDE, drain_delay_s
from scalelab.deployment.kubernetes.names import Document, Part

OWN_IMAGE, HAPROXY_IMAGE, VALKEY_IMAGE, POSTGRESQL_IMAGE = "scalelab", "haproxy", "valkey", "postgres"
"""Names that the overlays replace by images."""
ENDPOINT_LAG_S = 5
"""How long a cluster may take to tell every node and name server that a pod takes no more new connections."""
LIVENESS_INTERVAL_S = 10
LONGEST_SILENCE_S = 30.0
"""After which a container counts as hung and is started again; a worker may be silent for longer."""
GRACEFUL_S = math.ceil(ServiceSettings.model_fields["graceful_timeout_s"].default)
MARGIN_S = 10
SERVICE_MEMORY_MIB = 512
_MEMORY_BESIDE_ANSWERS_MIB = 448
_GIB = 1024


@dataclass(frozen=True)
class Resources:
    """What a container asks for and is held to."""

    request_cores: float
    limit_cores: float
    request_memory_mib: int
    limit_memory_mib: int


@dataclass(frozen=True)
class Data:
    """A volume that outlives the pod."""

    path: str
    size_gib: int


@dataclass(frozen=True)
class Program:
    """One container."""

    image: str
    arguments: tuple[str, ...]
    probes: Document
    resources: Resources = Resources(0.1, 1.0, 128, SERVICE_MEMORY_MIB)
    environment: Mapping[str, str] = field(default_factory=dict)
    scratch: tuple[str, ...] = ("/tmp",)  # noqa: S108  of the container, whose root file system is read-only
    """Folders that can be written to and are empty at the start."""
    data: Data | None = None
    pre_stop_s: int = 0
    """How long it goes on as before when it is to end, so that the cluster forgets its address."""
    shutdown_s: int = GRACEFUL_S
    """Longest time that it takes to end by itself after that."""

    @property
    def grace_period_s(self) -> int:
        """After which the node kills it."""
        return self.pre_stop_s + self.shutdown_s + MARGIN_S


def program_of(part: Part, topology: Topology) -> Program:
    """What the pods of a part run."""
    return _PROGRAMS[part](topology)


def _load_balancer(_topology: Topology) -> Program:
    return Program(
        HAPROXY_IMAGE,
        ("haproxy", "-W", "-db", "-f", str(INSIDE.settings / "haproxy.cfg")),
        _HTTP_PROBES,
        scratch=(str(INSIDE.balancer),),
        pre_stop_s=2 * ENDPOINT_LAG_S,  # balancers outside the cluster look less often
    )


def _api_gateway(topology: Topology) -> Program:
    cores = topology.api_gateway.cpu_limit_cores or 1.0
    memory_mib = _MEMORY_BESIDE_ANSWERS_MIB + topology.api_gateway.hit_path_max_mib
    drain_s = drain_delay_s(topology.load_balancer)
    return Program(
        OWN_IMAGE,
        ("api_gateway",),
        _HTTP_PROBES,
        # All of its share is asked for: the autoscaler's percentage is then one of what a gateway can do.
        resources=Resources(cores, cores, memory_mib // 2, memory_mib),
        environment={DRAIN_VARIABLE: f"{drain_s:g}"},
        pre_stop_s=ENDPOINT_LAG_S,
        shutdown_s=math.ceil(drain_s) + GRACEFUL_S,
    )


def _microservice(_topology: Topology) -> Program:
    return Program(OWN_IMAGE, ("microservice",), _HTTP_PROBES, pre_stop_s=ENDPOINT_LAG_S)


def _worker(topology: Topology) -> Program:
    """A task's code may keep it from answering for as long as it keeps its leases; it is not dead for that."""
    silence_s = max(LONGEST_SILENCE_S, topology.worker.silence_limit_s)
    return Program(OWN_IMAGE, ("worker",), _probes(_answers(LIVE_PATH), _answers(READY_PATH), silence_s))


def _database(topology: Topology) -> Program:
    data = Data(str(INSIDE.data), 2) if topology.database.url == "sqlite:" else None
    return Program(OWN_IMAGE, ("database",), _HTTP_PROBES, data=data, pre_stop_s=ENDPOINT_LAG_S)


def _cache(topology: Topology) -> Program:
    most_mib = topology.cache.max_memory_mib
    limit_mib = 2 * most_mib + CACHE_OVERHEAD_MIB
    return Program(
        VALKEY_IMAGE,
        ("valkey-server", str(INSIDE.settings / "cache.conf")),
        # Without the password: that it asks for one says that it is there and has loaded its data.
        _probes({"tcpSocket": {"port": "traffic"}}, _shell("valkey-cli ping 2>&1 | grep -qE 'PONG|NOAUTH'")),
        resources=Resources(0.1, 1.0, limit_mib, limit_mib),
        scratch=(),
        data=Data("/data", math.ceil(4 * most_mib / _GIB)),
    )


def _postgresql(_topology: Topology) -> Program:
    data = Data("/var/lib/postgresql/data", 4)
    is_ready = {"exec": {"command": ["pg_isready", "--quiet", "--username=scalelab", "--dbname=scalelab"]}}
    return Program(
        POSTGRESQL_IMAGE,
        (),
        _probes({"tcpSocket": {"port": "traffic"}}, is_ready),
        environment={
            "POSTGRES_USER": "scalelab",
            "POSTGRES_DB": "scalelab",
            "POSTGRES_PASSWORD_FILE": str(INSIDE.keys / "database_password"),
            "PGDATA": f"{data.path}/pgdata",
        },
        scratch=("/tmp", "/var/run/postgresql"),  # noqa: S108
        data=data,
        shutdown_s=3 * GRACEFUL_S,
    )


def _probes(is_alive: Document, is_ready: Document, silence_s: float = LONGEST_SILENCE_S) -> Document:
    """Alive within two minutes of its start, and from then on, but for silences; ready or without new requests."""
    return {
        "startupProbe": is_alive | {"periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": 120},
        "readinessProbe": is_ready | {"periodSeconds": 2, "timeoutSeconds": 3, "failureThreshold": 2},
        "livenessProbe": is_alive
        | {
            "periodSeconds": LIVENESS_INTERVAL_S,
            "timeoutSeconds": 3,
            "failureThreshold": math.ceil(silence_s / LIVENESS_INTERVAL_S),
        },
    }


def _answers(path: str) -> Document:
    return {"httpGet": {"path": path, "port": "admin"}}


def _shell(command: str) -> Document:
    return {"exec": {"command": ["sh", "-c", command]}}


_HTTP_PROBES = _probes(_answers(LIVE_PATH), _answers(READY_PATH))
_PROGRAMS: dict[Part, Callable[[Topology], Program]] = {
    "load_balancer": _load_balancer,
    "api_gateway": _api_gateway,
    "microservice": _microservice,
    "worker": _worker,
    "database": _database,
    "cache": _cache,
    "postgresql": _postgresql,
}
