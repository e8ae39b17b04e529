"""Gateways that HAProxy finds by itself, as the addresses of one name: in containers. Pure."""

from scalelab.contracts.membership import Member
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.haproxy.server import check_arguments

MOST_GATEWAYS = 64
_RESOLVERS = "names"
_RESOLVED_EVERY = "500ms"
RESOLVERS = [
    f"resolvers {_RESOLVERS}",
    "parse-resolv-conf",
    "accepted_payload_size 8192",
    "resolve_retries 3",
    f"timeout resolve {_RESOLVED_EVERY}",
    f"timeout retry {_RESOLVED_EVERY}",
    f"hold valid {_RESOLVED_EVERY}",
    "hold obsolete 0ms",
    "hold nx 1s",
    "# A name server that does not answer takes nobody out: health checks do.",
    "hold timeout 60s",
    "hold refused 60s",
    "hold other 60s",
]
"""The section of the name servers: those of the container. What is gone from their answers is gone at once."""


def discovered_servers(name: Member, settings: BalancerSettings) -> str:
    """The line that makes a server of each address of `name.host`, as they come and go."""
    return (
        f"server-template {name.name}- 1-{MOST_GATEWAYS} {name.host}:{name.port} {check_arguments(settings)} "
        f"resolvers {_RESOLVERS} init-addr none resolve-prefer ipv4"
    )
