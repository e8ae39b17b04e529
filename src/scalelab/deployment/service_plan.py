"""What each service process is told, derived from the topology. Pure: values in, settings out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from scalelab.contracts.membership import Member
from scalelab.contracts.service_settings import (
    BalancerSettings,
    DatabaseSettings,
    GatewaySettings,
    MicroserviceSettings,
    ServiceSettings,
    WorkerSettings,
)
from scalelab.contracts.stack_view import ServiceName
from scalelab.contracts.topology import Topology
from scalelab.deployment.state_directory import StackDirectory

TOKEN_ISSUER = "scalelab"  # noqa: S105  a name, not a secret
TOKEN_AUDIENCE = "scalelab-gateway"  # noqa: S105  a name, not a secret
SERVICE_MODULES: dict[ServiceName, str] = {
    "load_balancer": "scalelab.stack.load_balancer",
    "api_gateway": "scalelab.stack.api_gateway",
    "microservice": "scalelab.stack.microservice",
    "worker": "scalelab.stack.worker",
    "database": "scalelab.stack.database",
}


@dataclass(frozen=True)
class StackPlan:
    """All that the settings of a stack's services have in common. `members` are the balancer's gateways now."""

    topology: Topology
    nonce: str
    directory: StackDirectory
    database_url: str
    microservice_url: str
    members: tuple[Member, ...] = ()

    def settings(self, service: ServiceName, instance: str, listen: str, admin_listen: str) -> ServiceSettings:
        """The settings of one instance.

        Args:
            service: any but the cache, which is no service of ours.
            instance: its name.
            listen: address of its traffic; empty for a worker.
            admin_listen: address of health and metrics.
        """
        logging = self.topology.logging
        general: dict[str, object] = {
            "instance": instance,
            "stack_nonce": self.nonce,
            "listen": listen,
            "admin_listen": admin_listen,
            "log_level": logging.level,
            "access_sample_ratio": logging.access_sample_ratio,
        }
        model, particulars = _PARTICULARS[service]
        return model.model_validate(general | particulars(self))

    @property
    def cache_url(self) -> str:
        """Without a password."""
        cache = self.topology.cache
        if cache.engine == "memory":
            return "memory:"
        if cache.url:
            return split_password(cache.url)[0]
        return f"unix://{self.directory.cache_socket}"

    @property
    def secrets(self) -> dict[Path, str]:
        """Passwords that stand in the topology's URLs, by the file that is to hold them."""
        urls = {
            self.cache_password_file: self.topology.cache.url,
            self.database_password_file: self.topology.database.url,
            self.broker_password_file: self.topology.worker.broker_url,
        }
        return {file: password for file, url in urls.items() if (password := split_password(url)[1]) is not None}

    @property
    def cache_password_file(self) -> Path:
        """Exists only when the cache's URL has a password."""
        return self.directory.keys / "cache_password"

    @property
    def database_password_file(self) -> Path:
        """Exists only when the database's URL has a password."""
        return self.directory.keys / "database_password"

    @property
    def broker_password_file(self) -> Path:
        """Exists only when the broker's URL has a password."""
        return self.directory.keys / "broker_password"

    @property
    def signing_key_file(self) -> Path:
        """The gateways' keys."""
        return self.directory.signing_key_file

    @property
    def accounts_file(self) -> Path:
        """Argon2 hashes by username."""
        return self.directory.keys / "accounts.json"

    @property
    def database_engine_url(self) -> str:
        """Where the database service keeps its records, without a password."""
        url = self.topology.database.url
        return f"sqlite:{self.directory.data / 'records.sqlite'}" if url == "sqlite:" else split_password(url)[0]

    def _password_file(self, file: Path) -> Path | None:
        return file if file in self.secrets else None

    def _database(self) -> dict[str, object]:
        database = self.topology.database
        return {
            "url": self.database_engine_url,
            "password_file": self._password_file(self.database_password_file),
            "records": database.records,
            "seed": database.seed,
            "pool_size": database.pool_size,
            "delay": database.delay,
            "accounts_file": self.accounts_file,
        }

    def _microservice(self) -> dict[str, object]:
        microservice = self.topology.microservice
        return {
            "database_url": self.database_url,
            "service_time": microservice.service_time,
            "upstream_timeout_s": microservice.upstream_timeout_s,
        }

    def _gateway(self) -> dict[str, object]:
        gateway = self.topology.api_gateway.model_dump(exclude={"replicas", "cpu_limit_cores"})
        has_laboratory = self.topology.laboratory
        return gateway | {
            "database_url": self.database_url,
            "microservice_url": self.microservice_url,
            "accounts_file": None if has_laboratory else self.accounts_file,
            "upstreams": self.topology.upstreams,
            "routes": self.topology.routes,
            "cache_url": self.cache_url,
            "cache_password_file": self._password_file(self.cache_password_file),
            "queue_url": self.cache_url if has_laboratory else "memory:",
            "task_result_ttl_s": self.topology.worker.result_ttl_s,
            "token_issuer": TOKEN_ISSUER,
            "token_audience": TOKEN_AUDIENCE,
            "signing_key_file": self.signing_key_file,
        }

    def _worker(self) -> dict[str, object]:
        worker = self.topology.worker.model_dump(exclude={"replicas"})
        return worker | {
            "queue_url": self.cache_url,
            "cache_password_file": self._password_file(self.cache_password_file),
            "database_url": self.database_url,
            "broker_url": split_password(self.topology.worker.broker_url)[0],
            "broker_password_file": self._password_file(self.broker_password_file),
        }

    def _balancer(self) -> dict[str, object]:
        balancer = self.topology.load_balancer.model_dump(exclude={"host", "port", "weights"})
        return balancer | {
            "members": self.members,
            "control_socket": self.directory.members_socket,
            "runtime_dir": self.directory.balancer,
        }


_PARTICULARS: dict[str, tuple[type[ServiceSettings], Callable[[StackPlan], dict[str, object]]]] = {
    "load_balancer": (BalancerSettings, StackPlan._balancer),  # noqa: SLF001  the table stands beside its class
    "api_gateway": (GatewaySettings, StackPlan._gateway),  # noqa: SLF001
    "microservice": (MicroserviceSettings, StackPlan._microservice),  # noqa: SLF001
    "worker": (WorkerSettings, StackPlan._worker),  # noqa: SLF001
    "database": (DatabaseSettings, StackPlan._database),  # noqa: SLF001
}


def split_password(url: str) -> tuple[str, str | None]:
    """The URL without its password, and the password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url, None
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{parts.username}@{host}" if parts.username else host
    return urlunsplit(parts._replace(netloc=netloc)), unquote(parts.password)
