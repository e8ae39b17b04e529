"""Envoy as an engine: members come, drain and go by a file that it watches, without a restart."""

import asyncio
import ipaddress
import json
import os
import resource
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import structlog

from scalelab.contracts.membership import Member, MembersView, MemberView
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.contracts.topology import BalancingPolicy
from scalelab.stack.load_balancer.base import EngineCommand, EngineRefused, EngineUnavailable, Listeners
from scalelab.stack.load_balancer.envoy.administration import Administration
from scalelab.stack.load_balancer.envoy.binary import envoy_binary
from scalelab.stack.load_balancer.envoy.cluster import POLICIES, clusters, endpoints
from scalelab.stack.load_balancer.envoy.configuration import Places, bootstrap
from scalelab.stack.load_balancer.envoy.host_states import SHOW_HOSTS, Address, HostState, host_states
from scalelab.stack.load_balancer.envoy.log_lines import LOG_FORMAT
from scalelab.stack.load_balancer.envoy.statistics import (
    SHOW_REQUESTS,
    SHOW_UPDATES,
    Updates,
    active_requests,
    updates,
)
from scalelab.stack.load_balancer.envoy.traffic import routes
from scalelab.stack.load_balancer.open_sockets import connected_with
from scalelab.stack.load_balancer.waiting import until, until_idle

_APPLIED_LIMIT_S = 5.0
"""Longest wait for Envoy to have read the file."""


class EnvoyEngine:
    """See `Engine`. Holds who belongs and who leaves; Envoy holds their state.

    Envoy takes no socket that another process has opened. The one handed down is kept bound, so that the port stays
    ours, and no longer listens: a client that comes while Envoy starts is refused, not left waiting.
    """

    stop_signal = signal.SIGTERM

    def __init__(self, settings: BalancerSettings, listeners: Listeners, binary: str) -> None:
        self._settings = settings
        self._listeners = listeners
        self._binary = binary
        self._members: tuple[Member, ...] = ()
        self._leaving: tuple[Member, ...] = ()
        self._joined: set[Address] = set()
        self._endpoints_path = settings.runtime_dir / "envoy_endpoints.json"
        self._clusters_path = settings.runtime_dir / "envoy_clusters.json"
        self._routes_path = settings.runtime_dir / "envoy_routes.json"
        self._administration_path = settings.runtime_dir / "envoy.sock"
        self._administration = Administration(self._administration_path)

    @classmethod
    def of_this_machine(cls, settings: BalancerSettings, listeners: Listeners) -> "EnvoyEngine":
        """With the Envoy that is installed.

        Raises:
            EngineMissing: there is none.
        """
        return cls(settings, listeners, envoy_binary())

    def command(self, members: Sequence[Member]) -> EngineCommand:
        """See `Engine`."""
        self._members = tuple(member for member in members if _address(member) in self._joined)
        self._leaving = ()
        self._write_endpoints()
        self._write_cluster_and_routes()
        self._administration_path.unlink(missing_ok=True)
        places = Places(
            traffic=_released(self._listeners.traffic_fd),
            admin=_released(self._listeners.admin_fd),
            administration=str(self._administration_path),
            clusters=str(self._clusters_path),
            routes=str(self._routes_path),
        )
        file_limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        path = self._settings.runtime_dir / "envoy.json"
        path.write_text(json.dumps(bootstrap(self._settings, places, file_limit), indent=1), encoding="utf-8")
        half_of_the_cores = max(1, (os.cpu_count() or 1) // 2)
        options = ("--disable-hot-restart", "--concurrency", str(half_of_the_cores), "--log-level", "warning")
        return EngineCommand((self._binary, "-c", str(path), *options, "--log-format", LOG_FORMAT))

    async def is_running(self) -> bool:
        """See `Engine`."""
        try:
            await self._administration.ask("/ready")
        except (EngineUnavailable, EngineRefused):
            return False
        return True

    async def view(self) -> MembersView:
        """See `Engine`."""
        states = await self._states()
        views = [
            _view(member, states[_address(member)])
            for member in (*self._members, *self._leaving)
            if _address(member) in states
        ]
        return MembersView(members=tuple(sorted(views, key=lambda view: view.name)))

    async def change_members(self, members: Sequence[Member], drain_timeout_s: float) -> None:
        """See `Engine`. First come the new, then go the old: there is never less than before.

        A request that outlives the drain time is not broken off: Envoy leaves it to its gateway.
        """
        _demand_addresses(members)
        wanted = {_address(member) for member in members}
        removed = tuple(member for member in self._members if _address(member) not in wanted)
        self._leaving = tuple(member for member in self._leaving if _address(member) not in wanted)
        self._write_routes(len(members))
        self._members = (*members, *removed)
        await self._apply()
        await self._wait_for_new(drain_timeout_s)
        began_s = asyncio.get_running_loop().time()
        self._members = tuple(members)
        self._leaving = (*self._leaving, *removed)
        await self._apply()
        await self._wait_for_old(drain_timeout_s)
        self._leaving = ()
        await self._apply()
        waited_s = asyncio.get_running_loop().time() - began_s
        await self._wait_for_the_former_cluster(removed, max(0.0, drain_timeout_s - waited_s))

    async def change_policy(self, policy: BalancingPolicy) -> bool:
        """See `Engine`. A new cluster takes the old one's place once its members have passed their checks."""
        if policy not in POLICIES:
            raise EngineRefused(f"Envoy has no policy {policy!r}; it has {', '.join(POLICIES)}")
        if policy == self._settings.policy:
            return True
        self._settings = self._settings.model_copy(update={"policy": policy})
        before = await self._updates()
        self._write_cluster_and_routes()

        async def is_taken() -> bool:
            return (await self._updates()).are_beyond(before)

        if not await until(is_taken, _APPLIED_LIMIT_S):
            raise EngineRefused(f"Envoy does not take {self._clusters_path}; its log says why")
        return True

    async def finish(self, send_stop: Callable[[], None]) -> None:
        """See `Engine`. At its signal Envoy ends at once, so its requests are waited for before."""
        await self._administration.order("/healthcheck/fail")  # has answers say `Connection: close`
        await self._administration.order("/drain_listeners")
        await until_idle(self._is_idle)
        send_stop()

    async def _updates(self) -> Updates:
        return updates(await self._administration.ask(SHOW_UPDATES))

    async def _is_idle(self) -> bool:
        return active_requests(await self._administration.ask(SHOW_REQUESTS)) == 0

    async def _apply(self) -> None:
        """Have Envoy read the members, and wait until it has."""
        self._write_endpoints()
        wanted = {_address(member): "draining" for member in self._leaving}
        wanted |= {_address(member): "" for member in self._members}

        def is_applied(states: dict[Address, HostState]) -> bool:
            return states.keys() == wanted.keys() and all(
                (state.status == "draining") == (wanted[address] == "draining") for address, state in states.items()
            )

        if not await self._until(is_applied, _APPLIED_LIMIT_S):
            raise EngineRefused(f"Envoy does not take the members in {self._endpoints_path}; its log says why")

    async def _wait_for_new(self, limit_s: float) -> None:
        new = {_address(member) for member in self._members} - self._joined
        if new and not await self._until(lambda _: new <= self._joined, limit_s):
            late = sorted(member.name for member in self._members if _address(member) not in self._joined)
            structlog.get_logger().warning("members_not_up", members=late, waited_s=limit_s)

    async def _wait_for_old(self, limit_s: float) -> None:
        def are_idle(states: dict[Address, HostState]) -> bool:
            return all(states[address].requests == 0 for address in map(_address, self._leaving) if address in states)

        if self._leaving and not await self._until(are_idle, limit_s):
            names = sorted(member.name for member in self._leaving)
            structlog.get_logger().warning("drain_time_over", members=names, waited_s=limit_s)

    async def _wait_for_the_former_cluster(self, removed: Sequence[Member], limit_s: float) -> None:
        """Requests from before a change of policy are in no view: their connections are."""

        async def are_gone() -> bool:
            return not connected_with((child.pid for child in psutil.Process().children()), removed)

        await until(are_gone, limit_s)

    async def _until(self, is_reached: Callable[[dict[Address, HostState]], bool], limit_s: float) -> bool:
        async def is_met() -> bool:
            return is_reached(await self._states())

        return await until(is_met, limit_s)

    async def _states(self) -> dict[Address, HostState]:
        states = host_states(await self._administration.ask(SHOW_HOSTS))
        self._joined &= {_address(member) for member in self._members}
        self._joined |= {address for address, state in states.items() if state.status == "up"}
        return states

    def _write_endpoints(self) -> None:
        _replace(self._endpoints_path, endpoints(self._members, self._leaving))

    def _write_cluster_and_routes(self) -> None:
        """The cluster first: a route by a hash that nobody computes would be the same for everybody."""
        _replace(self._clusters_path, clusters(self._settings, str(self._endpoints_path)))
        self._write_routes(len(self._members))

    def _write_routes(self, members: int) -> None:
        _replace(self._routes_path, routes(self._settings, members))


def _replace(path: Path, content: object) -> None:
    """Envoy watches for the replacement, and so never reads half of a file."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(content), encoding="utf-8")
    new.replace(path)


def _released(descriptor: int) -> Address:
    """The address of a listening socket, which listens no longer but stays bound."""
    with socket.socket(fileno=os.dup(descriptor)) as listener:
        with suppress(OSError):  # it did so before
            listener.shutdown(socket.SHUT_RDWR)
        host, port = listener.getsockname()[:2]
        return host, port


def _demand_addresses(members: Sequence[Member]) -> None:
    for member in members:
        try:
            ipaddress.ip_address(member.host)
        except ValueError as error:
            raise EngineRefused(f"Envoy wants the address of {member.name}, not the name {member.host!r}") from error


def _address(member: Member) -> Address:
    return member.host, member.port


def _view(member: Member, state: HostState) -> MemberView:
    return MemberView(
        name=member.name, host=member.host, port=member.port, state=state.status, in_flight=state.requests
    )
