"""HAProxy as an engine: members come, drain and go over its runtime socket, without a reload; a policy needs one."""

import asyncio
import os
import resource
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from scalelab.contracts.membership import Member, MembersView, MemberView
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.contracts.topology import BalancingPolicy
from scalelab.stack.load_balancer.base import EngineCommand, EngineRefused, EngineUnavailable, Listeners
from scalelab.stack.load_balancer.control_socket import bind_owner_only
from scalelab.stack.load_balancer.haproxy.binary import haproxy_binary
from scalelab.stack.load_balancer.haproxy.configuration import (
    ALGORITHMS,
    Binds,
    Machine,
    haproxy_configuration,
)
from scalelab.stack.load_balancer.haproxy.runtime_socket import RuntimeSocket
from scalelab.stack.load_balancer.haproxy.server import Server, free_server_name, server_arguments
from scalelab.stack.load_balancer.haproxy.server_states import SHOW_SERVERS, ServerState, server_states
from scalelab.stack.load_balancer.membership_change import membership_change
from scalelab.stack.load_balancer.waiting import until, until_idle

_DELETE_LIMIT_S = 0.5
"""Longest wait for the connections of a server in maintenance to be gone. They usually are at once."""


class HaproxyEngine:
    """See `Engine`. Holds which server stands for which member; HAProxy holds their state."""

    stop_signal = signal.SIGUSR1

    def __init__(self, settings: BalancerSettings, listeners: Listeners, binary: str) -> None:
        self._settings = settings
        self._listeners = listeners
        self._binary = binary
        self._servers: list[Server] = []
        self._runtime_path = settings.runtime_dir / "haproxy.sock"
        self._runtime = RuntimeSocket(self._runtime_path)
        self._runtime_fd: int | None = None

    @classmethod
    def of_this_machine(cls, settings: BalancerSettings, listeners: Listeners) -> "HaproxyEngine":
        """With the HAProxy that is installed.

        Raises:
            EngineMissing: there is none.
        """
        return cls(settings, listeners, haproxy_binary())

    def command(self, members: Sequence[Member]) -> EngineCommand:
        """See `Engine`. A fresh runtime socket for each run: the dead one's must not swallow commands."""
        proven = [server.member for server in self._servers if server.has_joined and not server.is_leaving]
        self._servers = [Server(member.name, member, has_joined=True) for member in members if member in proven]
        runtime_fd = self._open_runtime_socket()
        machine = Machine(
            file_limit=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
            cores=os.cpu_count() or 1,
            lua_path=str(Path(__file__).with_name("hop_by_hop.lua")),
        )
        binds = Binds(
            traffic=f"fd@{self._listeners.traffic_fd}",
            admin=f"fd@{self._listeners.admin_fd}",
            runtime=f"fd@{runtime_fd}",
        )
        path = self._settings.runtime_dir / "haproxy.cfg"
        path.write_text(haproxy_configuration(self._settings, binds, machine, self._servers))
        return EngineCommand(
            arguments=(self._binary, "-db", "-f", str(path)),
            inherited_fds=(self._listeners.traffic_fd, self._listeners.admin_fd, runtime_fd),
        )

    async def is_running(self) -> bool:
        """See `Engine`."""
        self._close_runtime_socket()  # the child has it by now
        try:
            await self._states()
        except EngineUnavailable:
            return False
        return True

    async def view(self) -> MembersView:
        """See `Engine`."""
        states = await self._states()
        present = (server for server in self._servers if server.name in states and not server.is_retired)
        views = [_view(server, states[server.name]) for server in present]
        return MembersView(members=tuple(sorted(views, key=lambda view: view.name)))

    async def change_members(self, members: Sequence[Member], drain_timeout_s: float) -> None:
        """See `Engine`. First come the new, then go the old: there is never less than before."""
        change = membership_change((server.member for server in self._servers if not server.is_leaving), members)
        for member in change.added:
            await self._add(member)
        await self._wait_for_new(drain_timeout_s)
        leaving = [server for server in self._servers if server.is_leaving or server.member in change.removed]
        await asyncio.gather(*(self._remove(server, drain_timeout_s) for server in leaving))

    async def change_policy(self, policy: BalancingPolicy) -> bool:
        """See `Engine`. HAProxy cannot change it as it runs; who is down now is checked first by its successor."""
        if policy not in ALGORITHMS:
            raise EngineRefused(f"HAProxy has no policy {policy!r}; it has {', '.join(ALGORITHMS)}")
        if policy == self._settings.policy:
            return True
        self._settings = self._settings.model_copy(update={"policy": policy})
        with suppress(EngineUnavailable):  # it has just died: then the next start follows
            states = await self._states()
            for server in self._servers:
                server.has_joined = _state(states, server).status == "up"
        return False

    async def finish(self, send_stop: Callable[[], None]) -> None:
        """See `Engine`. It waits for idle connections, too: a client may just be sending its next request."""
        async with self._runtime.held() as ask:

            async def is_idle() -> bool:
                return not any(state.sessions for state in server_states(await ask(SHOW_SERVERS)).values())

            send_stop()
            await until_idle(is_idle)

    async def _add(self, member: Member) -> None:
        """A dynamic server starts as up. Ours drains until its health is set to down, then waits for its check."""
        server = Server(free_server_name(member, set(await self._states())), member)
        arguments = server_arguments(member, self._settings)
        await self._runtime.tell(f"add server {server.path} {arguments}", "New server registered.")
        self._servers.append(server)
        await self._runtime.tell(f"set server {server.path} state drain")
        await self._runtime.tell(f"set server {server.path} health down")
        await self._runtime.tell(f"enable health {server.path}")
        await self._runtime.tell(f"set server {server.path} state ready")

    async def _wait_for_new(self, limit_s: float) -> None:
        new = [server for server in self._servers if not server.has_joined and not server.is_leaving]

        def have_joined(states: dict[str, ServerState]) -> bool:
            return all(server.has_joined or _state(states, server).status == "up" for server in new)

        if new and not await self._until(have_joined, limit_s):
            late = sorted(server.name for server in new if not server.has_joined)
            structlog.get_logger().warning("members_not_up", members=late, waited_s=limit_s)

    async def _remove(self, server: Server, drain_timeout_s: float) -> None:
        if not server.is_retired:
            await self._retire(server, drain_timeout_s)
        if await self._is_deleted(server):
            self._servers.remove(server)
        else:  # a connection to it still lingers; it takes no traffic, and the next change tries again
            structlog.get_logger().warning("server_lingers", server=server.name)

    async def _retire(self, server: Server, drain_timeout_s: float) -> None:
        server.is_leaving = True
        await self._runtime.tell(f"set server {server.path} state drain")
        is_idle = await self._until(lambda states: _state(states, server).sessions == 0, drain_timeout_s)
        await self._runtime.tell(f"set server {server.path} state maint")
        if not is_idle:
            structlog.get_logger().warning("drain_time_over", member=server.member.name, waited_s=drain_timeout_s)
            await self._runtime.tell(f"shutdown sessions server {server.path}")
        server.is_retired = True

    async def _is_deleted(self, server: Server) -> bool:
        async def is_taken() -> bool:
            try:
                await self._runtime.tell(f"del server {server.path}", "Server deleted.")
            except EngineRefused:
                return False
            return True

        return await until(is_taken, _DELETE_LIMIT_S)

    async def _until(self, is_reached: Callable[[dict[str, ServerState]], bool], limit_s: float) -> bool:
        async def is_met() -> bool:
            return is_reached(await self._states())

        return await until(is_met, limit_s)

    async def _states(self) -> dict[str, ServerState]:
        states = server_states(await self._runtime.ask(SHOW_SERVERS))
        for server in self._servers:
            server.has_joined |= server.name in states and states[server.name].status == "up"
        return states

    def _open_runtime_socket(self) -> int:
        self._close_runtime_socket()
        self._runtime_fd = bind_owner_only(self._runtime_path).detach()
        return self._runtime_fd

    def _close_runtime_socket(self) -> None:
        if self._runtime_fd is not None:
            os.close(self._runtime_fd)
            self._runtime_fd = None


def _state(states: dict[str, ServerState], server: Server) -> ServerState:
    if server.name not in states:
        raise EngineUnavailable(f"HAProxy has been restarted and does not know {server.name} any longer")
    return states[server.name]


def _view(server: Server, state: ServerState) -> MemberView:
    status = "draining" if server.is_leaving else state.status
    member = server.member
    return MemberView(name=member.name, host=member.host, port=member.port, state=status, in_flight=state.sessions)
