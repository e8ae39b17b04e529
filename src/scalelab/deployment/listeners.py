"""TCP ports that are bound here and handed down, so that nobody can take them in between."""

import errno
import socket
from dataclasses import dataclass
from typing import Self

from scalelab.deployment.errors import UnfitMachineError

LOOPBACK = "127.0.0.1"
BACKLOG = 2048
_EVERY_ADDRESS = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104  compared with, not bound to


@dataclass(frozen=True)
class Endpoint:
    """Where a service listens."""

    host: str
    port: int

    @property
    def reachable_host(self) -> str:
        """A host that a client on this machine can connect to."""
        return _EVERY_ADDRESS.get(self.host, self.host)

    @property
    def url(self) -> str:
        """Base URL."""
        host = self.reachable_host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def refuses(self) -> bool:
        """Whether nothing listens there."""
        try:
            with socket.create_connection((self.reachable_host, self.port), timeout=1.0):
                return False
        except ConnectionRefusedError:
            return True
        except OSError:
            return False


class Listener:
    """A bound, listening socket, until it is handed down or closed."""

    def __init__(self, endpoint: Endpoint, *, is_listening: bool = True) -> None:
        """Bind; port 0 takes a free one.

        Listening at once, a client that comes early waits until the service takes it, and nobody else can bind the
        port: two sockets may both be bound with `SO_REUSEADDR` as long as neither listens (socket(7)). Not listening,
        a client is refused until the service itself listens, and asks another instance.

        Raises:
            UnfitMachineError: taken, not allowed, no such address.
        """
        family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
        try:
            self.socket = _bound(family, endpoint, is_listening=is_listening)
        except OSError as error:
            raise UnfitMachineError(_bind_fault(endpoint, error)) from error
        self.endpoint = Endpoint(endpoint.host, self.socket.getsockname()[1])

    @property
    def address(self) -> str:
        """As settings name it."""
        return f"fd://{self.socket.fileno()}"

    def close(self) -> None:
        """Our side only. Idempotent."""
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def _bound(family: socket.AddressFamily, endpoint: Endpoint, *, is_listening: bool) -> socket.socket:
    if is_listening:
        return socket.create_server((endpoint.host, endpoint.port), family=family, backlog=BACKLOG)
    unheard = socket.socket(family)
    try:
        unheard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        unheard.bind((endpoint.host, endpoint.port))
    except BaseException:
        unheard.close()
        raise
    return unheard


def _bind_fault(endpoint: Endpoint, error: OSError) -> str:
    where = f"port {endpoint.port} on {endpoint.host}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is taken: choose another with --port (0 takes a free one), or stop what listens there"
    if isinstance(error, PermissionError):
        return f"{where} needs more rights: choose one above 1023 with --port"
    return f"{where} cannot be bound ({error.strerror or error}): change load_balancer.host or --port"
