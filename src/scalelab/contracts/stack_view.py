"""A running stack as others see it: what `status --json` prints and what the laboratory is given."""

from typing import Literal

from scalelab.contracts.model import Contract
from scalelab.contracts.topology import Topology

ServiceName = Literal["load_balancer", "api_gateway", "microservice", "worker", "cache", "database"]
ServiceState = Literal["starting", "ready", "stopping", "stopped", "failed"]


class Account(Contract):
    """A generated user."""

    username: str
    password: str


class ServiceView(Contract):
    """One instance of a service."""

    name: ServiceName
    instance: str
    node: str = ""
    """The machine that it runs on; empty for this one."""
    pid: int
    """0 where it does not run, and for one in a Swarm: the process of another machine."""
    url: str
    """Base URL of its traffic; empty for the worker; `unix://...` for the cache."""
    admin_url: str
    """Base URL of `/metrics` and `/health/...`; empty for the cache."""
    state: ServiceState


class StackView(Contract):
    """The stack. `ready` is true when every replica has answered through the balancer with this stack's nonce."""

    name: str
    ready: bool
    nonce: str
    url: str
    login: Account
    load_accounts: tuple[Account, ...]
    services: tuple[ServiceView, ...]
    topology: Topology
    """As it runs now: `scale` changes the replicas in it."""

    @property
    def accounts_to_ask_as(self) -> tuple[Account, ...]:
        """Those made for loads, or the user's own where there are none."""
        return self.load_accounts or (self.login,)
