"""How a member is written down for HAProxy, in the configuration and on the runtime socket alike. Pure."""

from dataclasses import dataclass

from scalelab.contracts.membership import Member
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.base import IDLE_CONNECTION_S, down_interval_s

BACKEND = "gateways"


@dataclass
class Server:
    """A member under the name that HAProxy knows it by."""

    name: str
    member: Member
    has_joined: bool = False
    """Whether it has passed a check and takes traffic."""
    is_leaving: bool = False
    is_retired: bool = False
    """Its requests are finished or broken off; only HAProxy still knows it."""

    @property
    def path(self) -> str:
        """Its name in runtime commands."""
        return f"{BACKEND}/{self.name}"


def free_server_name(member: Member, taken: set[str]) -> str:
    """The member's own name, or with a number when an older server still has it (a member cannot have a dot)."""
    name, number = member.name, 1
    while name in taken:
        number += 1
        name = f"{member.name}.{number}"
    return name


def server_arguments(member: Member, settings: BalancerSettings) -> str:
    """Address and options of a server line; dynamic servers inherit no defaults, so all is said here."""
    host = f"[{member.host}]" if ":" in member.host else member.host
    weight = "" if member.weight == 1 else f"weight {member.weight} "
    return f"{host}:{member.port} {weight}{check_arguments(settings)}"


def check_arguments(settings: BalancerSettings) -> str:
    """How a server is watched, how it begins, and for how long its idle connections are kept.

    HAProxy's slow start is for servers that it has seen down. Those that come while it runs are, before their first
    check; those of its configuration are not.
    """
    slow_start = f" slowstart {milliseconds(settings.slow_start_s)}" if settings.slow_start_s else ""
    return (
        f"check inter {milliseconds(settings.health_interval_s)} "
        f"downinter {milliseconds(down_interval_s(settings.health_interval_s))} "
        f"fall {settings.health_fall} rise {settings.health_rise} pool-purge-delay {IDLE_CONNECTION_S}s"
        f"{slow_start}"
    )


def milliseconds(duration_s: float) -> str:
    """A duration as HAProxy writes it; at least 1 ms, because 0 means for ever."""
    return f"{max(1, round(duration_s * 1000))}ms"
