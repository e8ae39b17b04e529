"""How a deployment tells the balancer which gateways there are.

HTTP over the balancer's control socket (a Unix socket in a 0700 directory):
`GET /members` answers `MembersView`; `PUT /members` with a `MemberList` makes it so and answers the view when
new members take traffic and removed ones have finished their requests (or the drain time is over).
`PUT /policy` with a `PolicyChoice` answers the same choice when every new connection is balanced so.
"""

from typing import Annotated, Literal

from pydantic import Field

from scalelab.contracts.model import Contract
from scalelab.contracts.topology import BalancingPolicy

MEMBERS_PATH = "/members"
POLICY_PATH = "/policy"


class Member(Contract):
    """One gateway: where it listens."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]+$")]
    """Name or address; it is written into an engine's configuration, so nothing else may stand in it."""
    port: Annotated[int, Field(ge=1, le=65535)]
    weight: Annotated[int, Field(ge=1, le=256)] = 1
    """Its share of the requests, beside those of the others."""


class MemberList(Contract):
    """The whole wanted membership. `PUT` is idempotent."""

    members: tuple[Member, ...]
    drain_timeout_s: Annotated[float, Field(ge=0)] | None = None
    """Longest wait for removed members' requests; the balancer's own setting unless given."""


class PolicyChoice(Contract):
    """Who gets a request from now on. `PUT` is idempotent."""

    policy: BalancingPolicy


class MemberView(Contract):
    """One gateway as the balancer sees it."""

    name: str
    host: str
    port: int
    state: Literal["up", "down", "draining"]
    in_flight: int | None
    """Requests that it has in hand; None where the engine does not tell (nginx)."""


class MembersView(Contract):
    """The membership as it is, in order of the names."""

    members: tuple[MemberView, ...]
