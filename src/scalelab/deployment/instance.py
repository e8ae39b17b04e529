"""One instance of a service as its deployment keeps it over restarts: ports, process, state."""

import time
from dataclasses import dataclass, field
from threading import RLock

from scalelab.contracts.stack_view import ServiceName, ServiceState, ServiceView
from scalelab.deployment.errors import UnfitMachineError
from scalelab.deployment.listeners import LOOPBACK, Endpoint, Listener
from scalelab.deployment.processes import Child

_POLL_S = 0.02


@dataclass(eq=False)
class Instance:
    """State of one instance. Whoever changes it holds `lock`."""

    service: ServiceName
    number: int
    traffic: Endpoint | None = None
    admin: Endpoint | None = None
    fixed_url: str = ""
    """URL of a service that listens on no port of ours."""
    state: ServiceState = "starting"
    child: Child | None = None
    has_been_ready: bool = False
    is_held: bool = False
    """Whether it has been ended on purpose and is not to be started again yet."""
    deaths_at_s: list[float] = field(default_factory=list)
    listeners: dict[str, Listener] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)

    @property
    def name(self) -> str:
        """For example `api_gateway-1`."""
        return f"{self.service}-{self.number}"

    @property
    def is_leaving(self) -> bool:
        """Whether it is meant to end."""
        return self.state in {"stopping", "stopped"}

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every port it has."""
        return tuple(endpoint for endpoint in (self.traffic, self.admin) if endpoint is not None)

    def bind(self, patience_s: float = 0.0, *, is_listening: bool = True) -> None:
        """Bind the ports that are not bound now: free ones at first, the same ones later.

        Args:
            patience_s: how long to try again while one is taken.
            is_listening: whether who comes early waits; else it is refused.

        Raises:
            UnfitMachineError: a port is taken.
        """
        deadline_s = time.monotonic() + patience_s
        for role, endpoint in (("traffic", self.traffic), ("admin", self.admin)):
            if endpoint is not None and role not in self.listeners:
                listener = _listener(endpoint, deadline_s, is_listening=is_listening)
                self.listeners[role] = listener
                setattr(self, role, listener.endpoint)

    def unbind(self) -> None:
        """Close our side of the ports. Idempotent."""
        for listener in self.listeners.values():
            listener.close()
        self.listeners.clear()

    def address(self, role: str) -> str:
        """The address of a bound port as settings name it; empty without one."""
        return self.listeners[role].address if role in self.listeners else ""

    def view(self) -> ServiceView:
        """As others see it."""
        return ServiceView(
            name=self.service,
            instance=self.name,
            pid=self.child.pid if self.child is not None else 0,
            url=self.traffic.url if self.traffic is not None else self.fixed_url,
            admin_url=self.admin.url if self.admin is not None else "",
            state=self.state,
        )


def _listener(endpoint: Endpoint, deadline_s: float, *, is_listening: bool) -> Listener:
    while True:
        try:
            return Listener(endpoint, is_listening=is_listening)
        except UnfitMachineError:
            if time.monotonic() >= deadline_s:
                raise
        time.sleep(_POLL_S)


def service_instance(service: ServiceName, number: int, host: str = LOOPBACK, port: int = 0) -> Instance:
    """A service of ours with its ports bound.

    Raises:
        UnfitMachineError: the port is taken.
    """
    traffic = None if service == "worker" else Endpoint(host, port)
    instance = Instance(service, number, traffic, Endpoint(LOOPBACK, 0))
    try:
        instance.bind()
    except BaseException:
        instance.unbind()
        raise
    return instance
