"""What a stack consists of: one model that every deployment, the CLI and the experiments read.

Defaults are those of a tuned stack (no slots, no delays); the classic laboratory's limits stand in its experiment.
"""

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from scalelab.contracts.member_care import MemberCare, care_not_offered
from scalelab.contracts.model import Contract
from scalelab.contracts.priorities import Priority
from scalelab.contracts.routes import RouteTable

Seconds = Annotated[float, Field(ge=0)]
PositiveSeconds = Annotated[float, Field(gt=0)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Delay(Contract):
    """A simulated delay: where its values come from, in seconds. The same seed gives the same sequence."""

    kind: Literal["constant", "exponential", "lognormal"] = "constant"
    mean_s: Seconds = 0.0
    """Mean of the distribution, in seconds; 0 switches the delay off."""
    sigma: Annotated[float, Field(ge=0, le=3)] = 0.5
    """Standard deviation of the logarithm; only `lognormal` reads it."""
    seed: int = 1


BalancerEngine = Literal["haproxy", "envoy", "nginx", "python"]
BalancingPolicy = Literal[
    "round_robin", "least_connections", "random", "power_of_two", "peak_ewma", "hash_key", "hash_user"
]
BALANCING_POLICIES: tuple[BalancingPolicy, ...] = get_args(BalancingPolicy)
POLICIES_OF_PYTHON_ALONE: frozenset[BalancingPolicy] = frozenset({"peak_ewma"})


class LoadBalancer(MemberCare):
    """Receives all outside traffic and forwards it to the gateways."""

    engine: BalancerEngine = "haproxy"
    policy: BalancingPolicy = "round_robin"
    """Who gets a request: each in turn; whoever has fewest; anyone; the less busy of two drawn at random; whoever is
    quickest for what it has in hand (Python engine only); always the same for a key, or for a user."""
    host: str = "127.0.0.1"
    """Address to listen on. Loopback unless you say otherwise."""
    port: Port = 0
    """Port to listen on; 0 takes a free one."""
    health_interval_s: PositiveSeconds = 0.25
    """Time between two health checks of one gateway."""
    health_timeout_s: PositiveSeconds = 2.0
    """Longest wait for an answer. Short: a gateway that hangs is left alone soon, and so is one that is only busy."""
    health_fall: Annotated[int, Field(ge=1)] = 2
    """Failed checks in a row that take a gateway out."""
    health_rise: Annotated[int, Field(ge=1)] = 1
    """Good checks in a row that bring it back."""
    connect_timeout_s: PositiveSeconds = 2.0
    response_timeout_s: PositiveSeconds = 150.0
    """Longest wait for a gateway's answer; beyond it the client gets 504."""
    drain_timeout_s: PositiveSeconds = 30.0
    """Longest wait for the requests of a gateway that is being removed."""
    weights: tuple[Annotated[int, Field(ge=1, le=256)], ...] = ()
    """Shares of the gateways by their number, `api_gateway-1` first: with `[3, 1]` the first gets three requests for
    one of the second. Those beyond the list have 1."""

    @property
    def policies(self) -> tuple[BalancingPolicy, ...]:
        """Those that this engine has."""
        return tuple(
            one for one in BALANCING_POLICIES if self.engine == "python" or one not in POLICIES_OF_PYTHON_ALONE
        )

    @model_validator(mode="after")
    def _engine_has_the_policy(self) -> Self:
        if self.policy not in self.policies:
            raise ValueError(
                f"policy = {self.policy!r} is not offered by engine = {self.engine!r}: use engine = 'python', or "
                f"'power_of_two', which is near to it"
            )
        if fault := care_not_offered(self.engine, self):
            raise ValueError(fault)
        return self


class ApiGateway(Contract):
    """Authentication, cache and routing. An instance is one process; capacity comes from replicas."""

    replicas: Annotated[int, Field(ge=1, le=64)] = 1
    cpu_limit_cores: Annotated[float, Field(ge=0, le=64)] = 0.0
    """Share of a core, or cores, that one gateway gets at most; 0 = no limit of its own. Containers only."""
    upstream_slots: Annotated[int, Field(ge=0)] = 0
    """Requests that one gateway has open towards the services behind it; 0 = unbounded."""
    adaptive_slots_min: Annotated[int, Field(ge=0)] = 0
    """Adaptive concurrency: the number of slots moves between this and `upstream_slots`, learned from how long the
    services take (additive increase, multiplicative decrease); 0 = it stands still."""
    slot_wait_timeout_s: PositiveSeconds = 120.0
    """Longest wait for a slot; beyond it the client gets 503 with Retry-After."""
    slot_queue_limit: Annotated[int, Field(ge=0)] = 0
    """Load shedding: requests that may wait for a slot; beyond them the client gets 503 at once. 0 = unbounded."""
    slot_classes: bool = False
    """Whether requests wait by the class of their user, the token's `priority` (high, normal, low): slots go to the
    highest class first, and a full queue sheds the lowest."""
    upstream_timeout_s: PositiveSeconds = 10.0
    """Longest wait for an upstream's answer once a slot is held; beyond it the client gets 504. Of each attempt."""
    deadline_s: Seconds = 0.0
    """Longest time for a read or a write of records from its arrival to its answer, with the wait for a slot, all
    attempts and pauses; beyond it the client gets 504. Each service is told what is left, and gives up in time. 0 =
    no limit but those of the single steps."""
    client_deadlines: bool = False
    """Whether a client may ask for less with `X-Request-Timeout` (seconds); never for more."""
    upstream_keep_alive: bool = True
    """Whether connections to the services are used again; else each request opens one of its own."""
    retries: Annotated[int, Field(ge=0, le=10)] = 0
    """Further attempts at a read after a fault or a 503 of the service; 0 = none."""
    retry_backoff_s: Seconds = 0.025
    """Longest pause before the first of them; it doubles, and each pause is anything up to it (full jitter)."""
    retry_backoff_max_s: Seconds = 0.5
    retry_budget_ratio: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Further attempts for each first one, over time; 0 = as many as `retries` allows: a retry storm in waiting."""
    hedge_percentile: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """A read that takes longer than this share of the last ones is asked a second time, e.g. 0.95; 0 = never."""
    hedge_budget_ratio: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Second requests for each first one, over time."""
    explain_answers: bool = False
    """Whether answers of records and of routes of one's own say where their time went (`Server-Timing`), and why
    there is no better answer (`Proxy-Status`, RFC 9209). Answers of the hit path's memory do not."""
    compression: bool = False
    """Whether reads and answers of routes of one's own are compressed (gzip) for clients that take it, where their
    type is worth it and nothing forbids it; the caches hold them as they came."""
    compression_min_bytes: Annotated[int, Field(ge=0)] = 1024
    """A shorter body is sent as it is."""
    traces_endpoint: Annotated[str, Field(pattern=r"^$|^https?://[^@\s]+$")] = ""
    """Where traces go by OTLP over HTTP, for example `http://127.0.0.1:4318/v1/traces`; empty: there are none. Needs
    the extra `otel`; local stacks only. Every request then takes the long way: hit path and direct path are off."""
    traces_sample_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of the requests that are traced; who comes with a trace of his own decides for himself."""
    rate_limit_per_s: Annotated[float, Field(ge=0)] = 0.0
    """Requests of one user on one route of the records, over all gateways, in the long run; beyond it 429. 0 = none.
    With a limit nothing is answered from the hit path's memory: every request is counted."""
    rate_limit_burst: Annotated[int, Field(ge=1)] = 10
    """So many of them may come at once."""
    rate_limit_when_unreachable: Literal["local", "accept", "refuse"] = "local"
    """While the shared counts cannot be reached: each gateway counts for itself, lets in, or answers 503."""
    breaker_failure_ratio: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Circuit breaker: share of failed attempts at a service within 10 s that has it left alone; 0 = never."""
    breaker_minimum_attempts: Annotated[int, Field(ge=1)] = 20
    """Within 10 s, before a share means anything."""
    breaker_open_s: PositiveSeconds = 5.0
    """How long the service is left alone; requests for it get 503 at once."""
    breaker_probes: Annotated[int, Field(ge=1, le=100)] = 3
    """Requests at a time that try it afterwards, of all gateways; so many good ones close the breaker."""
    breaker_shared: bool = True
    """Whether the gateways agree on a breaker's state, by the cache's server: whoever opens it opens it for all
    within 0.1 s. Each goes by what it has seen itself while the server cannot be reached, and without one."""
    slow_replicas: Annotated[int, Field(ge=0, le=64)] = 0
    """So many gateways, the first ones, are slower than the others: a handicap to try policies on."""
    slow_replica_delay_s: Seconds = 0.0
    """What they take longer for each miss, slot in hand."""
    cache_ttl_s: Seconds = 60.0
    """Longest time to live of an answer in the response cache; 0 = nothing is looked up or stored."""
    coalescing: bool = True
    """Whether simultaneous misses of one entry cost one fetch, over all gateways; else each asks for itself."""
    cache_ttl_jitter: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    """Share by which a time to live is shortened at most, drawn anew for each entry: they do not end together."""
    cache_negative_ttl_s: Seconds = 0.0
    """How long it is remembered that something does not exist (404, 410); 0 = not at all."""
    cache_stale_if_error_s: Seconds = 0.0
    """How long beyond its time to live an answer stands in for a service that fails (RFC 5861); 0 = not at all. Each
    entry is then stored twice."""
    hit_path: bool = True
    """Whether a request that was verified and answered from the cache before is answered from memory."""
    hit_path_max_mib: Annotated[int, Field(ge=1, le=65_536)] = 64
    """Memory of one gateway for these answers."""
    token_algorithm: Literal["EdDSA", "HS256"] = "EdDSA"  # noqa: S105  a name, not a secret
    token_lifetime_s: PositiveSeconds = 3600.0
    clock_leeway_s: Seconds = 30.0
    refresh_lifetime_s: PositiveSeconds = 86_400.0
    """A login that was not renewed for so long is over."""
    revocation_when_unreachable: Literal["accept", "refuse"] = "accept"
    """What happens to good tokens while revocations cannot be learned: let in and counted, or 503."""
    login_failures_per_account: Annotated[int, Field(ge=1)] = 10
    """Failed logins of one account within the window; then it waits for the window's end."""
    login_failures_per_peer: Annotated[int, Field(ge=1)] = 100
    """The same for one client address, whatever the accounts."""
    login_window_s: PositiveSeconds = 60.0
    trusted_peers: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    """Networks of balancers, whose X-Forwarded-For counts. Who reaches a gateway from one of them can forge it."""

    @model_validator(mode="after")
    def _adaptive_slots_have_both_bounds(self) -> Self:
        if self.adaptive_slots_min and self.adaptive_slots_min > self.upstream_slots:
            raise ValueError(
                f"adaptive_slots_min = {self.adaptive_slots_min} is above upstream_slots = {self.upstream_slots}, "
                f"which is the most there may be: raise upstream_slots"
            )
        return self


class Microservice(Contract):
    """Business logic on records of the database."""

    service_time: Delay = Delay(seed=2)
    upstream_timeout_s: PositiveSeconds = 10.0


class Database(Contract):
    """Records behind a bounded pool, with a simulated delay per query."""

    url: Annotated[str, Field(pattern=r"^(sqlite:|postgresql:|postgresql://.+)$")] = "sqlite:"
    """`sqlite:` (a file of the stack's own), `postgresql://user@host/name`, or `postgresql:` (a server of the stack's
    own: containers only)."""
    records: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000
    seed: int = 1
    """Seed of the records' contents."""
    pool_size: Annotated[int, Field(ge=1, le=1000)] = 64
    """Queries at a time; each holds its connection for the delay and the query."""
    delay: Delay = Delay(seed=3)


class Worker(Contract):
    """Long tasks in the background."""

    replicas: Annotated[int, Field(ge=1, le=16)] = 1
    threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Tasks at a time in one worker."""
    max_retries: Annotated[int, Field(ge=0, le=100)] = 3
    """Further attempts after a failure; then the task is a dead letter."""
    min_backoff_s: PositiveSeconds = 0.5
    max_backoff_s: PositiveSeconds = 30.0
    heartbeat_timeout_s: Annotated[float, Field(ge=1)] = 4.0
    """Time after which the tasks of a worker that died or was stopped start again elsewhere."""
    silence_limit_s: Annotated[float, Field(ge=1)] = 300.0
    """How long a worker whose code lets nothing else run (a regular expression, a library in C) keeps its tasks."""
    result_ttl_s: PositiveSeconds = 3600.0
    broker: Literal["valkey", "rabbitmq"] = "valkey"
    """What brings messages to the workers. The tasks themselves stand in Valkey in any case."""
    broker_url: Annotated[str, Field(pattern=r"^$|^amqps?://.+$")] = ""
    """A running RabbitMQ, `amqp://user:password@host:port/vhost`; needs the extra `rabbitmq`. Local stacks only."""

    @model_validator(mode="after")
    def _broker_has_its_url(self) -> Self:
        if self.broker == "rabbitmq" and not self.broker_url:
            raise ValueError("broker = 'rabbitmq' needs broker_url: amqp://user:password@host:port/vhost")
        if self.broker == "valkey" and self.broker_url:
            raise ValueError("broker_url is set, but broker = 'valkey' uses cache.url: remove one of them")
        return self


class Cache(Contract):
    """Key-value store in memory; holds the response cache and the task queue."""

    engine: Literal["valkey", "memory"] = "valkey"
    url: Annotated[str, Field(pattern=r"^$|^(redis|rediss|unix)://.+$")] = ""
    """A running server to use instead of one of the stack's own."""
    max_memory_mib: Annotated[int, Field(ge=8)] = 256


class Logging(Contract):
    """Structured logs: one JSON object a line."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    access_sample_ratio: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Share of requests whose access line is written, the same requests on every hop; errors always are."""


class Accounts(Contract):
    """Generated accounts: one for people, a pool for load."""

    load_pool_size: Annotated[int, Field(ge=0, le=1000)] = 10
    load_pool_priorities: tuple[Priority, ...] = ()
    """Classes of the pool's accounts, in turn; empty: all are `normal`, as the account for people always is."""


class Topology(RouteTable):
    """A whole stack. Every field has a default; a file or `--set path=value` changes single ones."""

    laboratory: bool = True
    """Whether microservice, database and worker run, and the gateway has the routes that need them. A stack that is
    started with `--routes` is without, unless told otherwise."""
    load_balancer: LoadBalancer = LoadBalancer()
    api_gateway: ApiGateway = ApiGateway()
    microservice: Microservice = Microservice()
    database: Database = Database()
    worker: Worker = Worker()
    cache: Cache = Cache()
    logging: Logging = Logging()
    accounts: Accounts = Accounts()

    def with_routes(self, table: RouteTable) -> Self:
        """The same with other routes of one's own."""
        return self.model_copy(update={"upstreams": table.upstreams, "routes": table.routes})

    @model_validator(mode="after")
    def _one_cache_for_all_gateways(self) -> Self:
        if self.cache.engine == "memory" and self.api_gateway.replicas > 1:
            raise ValueError(
                f"cache.engine = 'memory' is private to one process, but api_gateway.replicas = "
                f"{self.api_gateway.replicas}: use cache.engine = 'valkey' or one gateway"
            )
        if self.cache.engine == "memory" and self.cache.url:
            raise ValueError("cache.url is set, but cache.engine = 'memory' uses no server: remove one of them")
        return self
