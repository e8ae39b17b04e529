"""What a deployment tells each service process, as frozen models: read once at the service's start.

A service reads the JSON file named by `SCALELAB_SETTINGS`; an environment variable `SCALELAB_<FIELD>` overrides
one field. Secrets are never values here, only paths of 0600 files that hold them.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from scalelab.contracts.member_care import MemberCare
from scalelab.contracts.membership import Member
from scalelab.contracts.model import Contract
from scalelab.contracts.routes import Route, Upstream
from scalelab.contracts.topology import BalancerEngine, BalancingPolicy, Delay

SETTINGS_FILE_VARIABLE = "SCALELAB_SETTINGS"
FIELD_VARIABLE_PREFIX = "SCALELAB_"
HOME_VARIABLE = "SCALELAB_HOME"
"""Where deployments keep their stacks; no field of a service, though it has the prefix."""


class ServiceSettings(Contract):
    """What every service needs to know of itself."""

    instance: Annotated[str, Field(pattern=r"^[a-z_]+-\d+$")]
    """Name of this process, for example `api_gateway-1`."""
    stack_nonce: str
    """Demanded by admin requests that change anything, and told to nobody; `/health` has what is made of it."""
    listen: str
    """`host:port` or `fd://N` (a bound socket that was handed down); empty for a service without one."""
    admin_listen: str
    """Same form: where `/metrics`, `/health/live` and `/health/ready` are served, apart from the traffic."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    access_sample_ratio: float = 0.01
    graceful_timeout_s: float = 10.0
    """Longest wait for requests in flight at a stop."""
    head_timeout_s: float = 10.0
    """Longest time for a request's head: a client that drips it gets 408."""
    body_timeout_s: float = 10.0
    """In each such time a request's body must come on at 500 bytes/s, or end; else 408."""


class DatabaseSettings(ServiceSettings):
    """`listen` serves records and accounts."""

    url: str
    """`sqlite:/absolute/path` or `postgresql://...`."""
    password_file: Path | None = None
    """Password of the PostgreSQL user, when the URL has none."""
    records: int
    seed: int
    pool_size: int
    delay: Delay
    accounts_file: Path
    """JSON object: username -> Argon2 hash, or -> `{"password_hash": ..., "scopes": [...]}`."""


class MicroserviceSettings(ServiceSettings):
    """`listen` serves `/process`."""

    database_url: str
    """Base URL of the database service."""
    service_time: Delay
    upstream_timeout_s: float


class GatewaySettings(ServiceSettings):
    """`listen` serves the public HTTP contract."""

    database_url: str
    """Empty in a stack without the laboratory's services: then accounts are read from `accounts_file`."""
    microservice_url: str
    accounts_file: Path | None = None
    """As the database service has it."""
    cache_url: str
    """`memory:`, `unix:///path.sock` or `redis://host:port/0`."""
    cache_password_file: Path | None = None
    queue_url: str
    """Same forms; `memory:` means that there is no queue and `/longtask` answers 503."""
    task_result_ttl_s: float
    upstream_slots: int
    slot_wait_timeout_s: float
    upstream_timeout_s: float
    slot_queue_limit: int = 0
    slot_classes: bool = False
    adaptive_slots_min: int = 0
    upstream_keep_alive: bool = True
    deadline_s: float = 0.0
    client_deadlines: bool = False
    retries: int = 0
    retry_backoff_s: float = 0.025
    retry_backoff_max_s: float = 0.5
    retry_budget_ratio: float = 0.1
    hedge_percentile: float = 0.0
    hedge_budget_ratio: float = 0.1
    explain_answers: bool = False
    compression: bool = False
    compression_min_bytes: int = 1024
    traces_endpoint: str = ""
    traces_sample_ratio: float = 1.0
    rate_limit_per_s: float = 0.0
    rate_limit_burst: int = 10
    rate_limit_when_unreachable: Literal["local", "accept", "refuse"] = "local"
    breaker_failure_ratio: float = 0.0
    breaker_minimum_attempts: int = 20
    breaker_open_s: float = 5.0
    breaker_probes: int = 3
    breaker_shared: bool = True
    slow_replicas: int = 0
    slow_replica_delay_s: float = 0.0
    coalescing: bool = True
    cache_ttl_s: float
    cache_ttl_jitter: float = 0.0
    cache_negative_ttl_s: float = 0.0
    cache_stale_if_error_s: float = 0.0
    hit_path: bool = True
    hit_path_max_mib: int = 64
    direct_path: bool = True
    """Whether plain reads by known clients go straight to their handler, around the framework."""
    upstreams: dict[str, Upstream] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    """Routes of one's own as they are at the start."""
    token_algorithm: Literal["EdDSA", "HS256"]
    token_lifetime_s: float
    clock_leeway_s: float
    token_issuer: str
    token_audience: str
    signing_key_file: Path
    """PEM private key (EdDSA) or at least 32 random bytes in hexadecimal (HS256); or a `SigningKeyFile`."""
    refresh_lifetime_s: float = 86_400.0
    revocation_when_unreachable: Literal["accept", "refuse"] = "accept"
    login_failures_per_account: int = 10
    login_failures_per_peer: int = 100
    login_window_s: float = 60.0
    trusted_peers: tuple[str, ...] = ("127.0.0.0/8", "::1/128")


class WorkerSettings(ServiceSettings):
    """Takes tasks from the queue; has no `listen` of its own."""

    queue_url: str
    cache_password_file: Path | None = None
    database_url: str
    threads: int
    max_retries: int
    min_backoff_s: float
    max_backoff_s: float
    heartbeat_timeout_s: float
    silence_limit_s: float = 300.0
    result_ttl_s: float
    broker: Literal["valkey", "rabbitmq"] = "valkey"
    broker_url: str = ""
    """`amqp://user@host:port/vhost` of a RabbitMQ; the password stands in `broker_password_file`."""
    broker_password_file: Path | None = None


class BalancerSettings(ServiceSettings, MemberCare):
    """`listen` receives all outside traffic; `admin_listen` has the metrics; `control_socket` the members."""

    engine: BalancerEngine
    policy: BalancingPolicy
    members: tuple[Member, ...]
    control_socket: Path
    """Unix socket on which this service answers the membership contract."""
    runtime_dir: Path
    """Directory of this service's own, for generated configuration and engine sockets."""
    health_interval_s: float
    health_timeout_s: float = 2.0
    health_fall: int
    health_rise: int
    connect_timeout_s: float
    response_timeout_s: float
    drain_timeout_s: float
