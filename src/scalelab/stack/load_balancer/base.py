"""What an engine is: a program that forwards requests, and the few things the service must be able to ask of it."""

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from scalelab.contracts.membership import Member, MembersView
from scalelab.contracts.topology import BalancingPolicy

_LONGEST_DOWN_INTERVAL_S = 0.25

MOST_LENGTH_DIGITS = 15
"""Of a Content-Length that is believed: a petabyte is no request, but a number to overflow somebody's arithmetic."""

KEEP_ALIVE_S = 75
"""Longest time that a client's connection may be idle."""
IDLE_CONNECTION_S = 5
"""Idle connections to gateways are closed from then on: long before a gateway would (75 s)."""
TUNNEL_TIMEOUT_S = 3600
"""Longest silence in a tunnel."""
RETRY_AFTER_S = 1
"""Whoever is told that no gateway is up may come back then."""
IDEMPOTENT_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE")
"""RFC 9110, 9.2.2: may be sent again when no byte of an answer came."""

AGE_JITTER = 0.1
"""Share of the greatest age by which a connection ends earlier or later: they do not end together."""


def down_interval_s(interval_s: float) -> float:
    """Between two checks of a member that is down, as every new one is: often, whatever the interval."""
    return min(interval_s, _LONGEST_DOWN_INTERVAL_S)


class EngineUnavailable(Exception):  # noqa: N818  it is a state that passes, not a fault
    """Raised when the engine does not answer just now: it starts, restarts or has ended."""


class EngineRefused(Exception):  # noqa: N818  as above
    """Raised when the engine answers that it will not do what it was asked; the message quotes it."""


class EngineMissing(Exception):  # noqa: N818
    """Raised when an engine is not installed; the message says what to install."""


@dataclass(frozen=True)
class EngineCommand:
    """How to start the engine's process."""

    arguments: tuple[str, ...]
    inherited_fds: tuple[int, ...] = ()
    environment: Mapping[str, str] | None = None
    """None: the service's own."""


@dataclass(frozen=True)
class Listeners:
    """File descriptors of the bound sockets; they stay open while the engine is restarted."""

    traffic_fd: int
    admin_fd: int


class Engine(Protocol):
    """A balancer program under the service's supervision. One caller at a time changes anything."""

    stop_signal: signal.Signals
    """Asks the process to finish its requests and end."""

    def command(self, members: Sequence[Member]) -> EngineCommand:
        """Write what the program reads at its start, and say how to start it.

        Called before every start. Members that have taken traffic before may take it at once; the others
        only once `change_members` has been called and their check has passed.
        """
        ...

    async def is_running(self) -> bool:
        """Whether the started program answers."""
        ...

    async def view(self) -> MembersView:
        """The members as the program sees them, in order of the names.

        Raises:
            EngineUnavailable: it does not answer.
        """
        ...

    async def change_members(self, members: Sequence[Member], drain_timeout_s: float) -> None:
        """Make `members` the membership; idempotent. No request fails for it, unless it outlives the time.

        Returns when every new member takes traffic and every removed one has finished its requests. Each of
        the two waits lasts at most `drain_timeout_s`: then a new member joins when its check passes,
        and the requests that a removed one still holds are broken off.

        Raises:
            EngineUnavailable: the program ended meanwhile; call again once it runs.
            EngineRefused: it will not, for example because of an address that cannot be.
        """
        ...

    async def change_policy(self, policy: BalancingPolicy) -> bool:
        """Choose members so from now on, also after a start; idempotent. No request fails for it.

        Returns whether the running program does so. Else the service starts another beside it, on the same sockets
        and with the same members, and has this one finish its requests and end.

        Raises:
            EngineUnavailable: the program ended meanwhile; call again once it runs.
            EngineRefused: it has no such policy.
        """
        ...

    async def finish(self, send_stop: Callable[[], None]) -> None:
        """Have the program stop: call `send_stop`, which sends it the signal, once.

        Returns when it has no request in hand, though it may keep idle connections: the service ends it then. One
        that ends by itself as soon as it can may leave it at that, and never return.

        Raises:
            EngineUnavailable: it does not answer; the service sends the signal.
        """
        ...
