"""nginx as an engine: whatever changes is written down, and new workers take over from those that finish."""

import asyncio
import grp
import json
import os
import pwd
import resource
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import aiohttp
import structlog

from scalelab.contracts.membership import Member, MembersView, MemberView
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.contracts.topology import BalancingPolicy
from scalelab.stack.load_balancer.base import EngineCommand, EngineRefused, EngineUnavailable, Listeners
from scalelab.stack.load_balancer.nginx.binary import nginx_binary
from scalelab.stack.load_balancer.nginx.configuration import (
    LAST_REQUEST_S,
    PID_NAME,
    POLICIES,
    READINESS_NAME,
    Machine,
    address,
    nginx_configuration,
)
from scalelab.stack.load_balancer.nginx.member_checks import MemberChecks
from scalelab.stack.load_balancer.nginx.workers import Workers, workers_of
from scalelab.stack.load_balancer.open_sockets import connected_with
from scalelab.stack.load_balancer.panic import is_panic
from scalelab.stack.load_balancer.readiness import readiness_check
from scalelab.stack.load_balancer.waiting import until
from scalelab.stack.service_kit.documents import health_document

_TAKEN_LIMIT_S = 10.0
"""Longest wait for the new workers."""
_MOST_CONNECTIONS = 10_000
_FILES_FOR_ITSELF = 256


class NginxEngine:
    """See `Engine`. The members are checked from here: nginx itself asks nobody.

    How many requests a member has in hand is not known: nginx does not tell.
    """

    stop_signal = signal.SIGQUIT

    def __init__(self, settings: BalancerSettings, listeners: Listeners, binary: str) -> None:
        self._settings = settings
        self._listeners = listeners
        self._binary = binary
        self._members: tuple[Member, ...] = ()
        self._leaving: tuple[Member, ...] = ()
        self._taken = ""
        """The configuration in force."""
        self._known_up: dict[Member, bool] = {}
        """What the checks said when it was written; in a panic those that are down take traffic all the same."""
        self._checks: MemberChecks | None = None
        self._following: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None
        self._taking = asyncio.Lock()

    @classmethod
    def of_this_machine(cls, settings: BalancerSettings, listeners: Listeners) -> "NginxEngine":
        """With the nginx that is installed.

        Raises:
            EngineMissing: there is none that can do what is needed.
        """
        return cls(settings, listeners, nginx_binary())

    def command(self, members: Sequence[Member]) -> EngineCommand:
        """See `Engine`."""
        joined = self._checks.joined if self._checks is not None else set()
        self._members = tuple(member for member in members if address(member) in joined)
        self._leaving = ()
        (self._settings.runtime_dir / PID_NAME).unlink(missing_ok=True)
        self._known_up = self._verdicts()
        self._taken = self._configuration()
        self._path.write_text(self._taken, encoding="utf-8")
        self._tell_readiness()
        descriptors = (self._listeners.traffic_fd, self._listeners.admin_fd)
        return EngineCommand(
            arguments=(
                *(self._binary, "-p", f"{self._settings.runtime_dir}/", "-c", str(self._path)),
                *("-e", "stderr", "-g", "daemon off;"),
            ),
            inherited_fds=descriptors,
            environment={**os.environ, "NGINX": "".join(f"{descriptor};" for descriptor in descriptors)},
        )

    async def is_running(self) -> bool:
        """See `Engine`."""
        workers = self._workers_or_none()
        return workers is not None and bool(workers.serving)

    async def view(self) -> MembersView:
        """See `Engine`."""
        self._workers()
        views = [
            *(_view(member, "up" if self._known_up.get(member) else "down") for member in self._members),
            *(_view(member, "draining") for member in self._leaving),
        ]
        return MembersView(members=tuple(sorted(views, key=lambda view: view.name)))

    async def change_members(self, members: Sequence[Member], drain_timeout_s: float) -> None:
        """See `Engine`. First come the new, then go the old: there is never less than before."""
        checks = await self._start_checks()
        wanted = {address(member) for member in members}
        removed = tuple(member for member in self._members if address(member) not in wanted)
        checks.watch((*members, *removed))
        await self._wait_for_new(checks, members, drain_timeout_s)
        before = self._workers()
        self._members, self._leaving = tuple(members), removed
        await self._take()
        if removed:
            await self._wait_for_old(before, removed, drain_timeout_s)
        self._leaving = ()
        checks.watch(members)

    async def change_policy(self, policy: BalancingPolicy) -> bool:
        """See `Engine`."""
        if policy not in POLICIES:
            raise EngineRefused(f"nginx has no policy {policy!r}; it has {', '.join(POLICIES)}")
        self._settings = self._settings.model_copy(update={"policy": policy})
        await self._take()
        return True

    async def finish(self, send_stop: Callable[[], None]) -> None:
        """See `Engine`. nginx ends by itself when its last request is answered."""
        if self._following is not None:
            self._following.cancel()
        if self._checks is not None:
            self._checks.watch(())
        if self._session is not None:
            await self._session.close()
        send_stop()
        await asyncio.Event().wait()

    @property
    def _path(self) -> Path:
        return self._settings.runtime_dir / "nginx.conf"

    def _tell_readiness(self) -> None:
        status = "ok" if any(map(self._takes_traffic, self._members)) else "no gateway is up"
        new = self._settings.runtime_dir / f"{READINESS_NAME}.new"
        new.write_text(json.dumps(health_document(self._settings, status)), encoding="utf-8")
        new.replace(self._settings.runtime_dir / READINESS_NAME)

    def _verdicts(self) -> dict[Member, bool]:
        checks = self._checks
        return {member: checks is not None and checks.is_up(member) for member in self._members}

    def _configuration(self) -> str:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        machine = Machine(
            traffic=_bound_to(self._listeners.traffic_fd),
            admin=_bound_to(self._listeners.admin_fd),
            script=str(Path(__file__).with_name("balancer.js")),
            user=f"{pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name}" if os.geteuid() == 0 else "",
            connections=min(_MOST_CONNECTIONS, soft - _FILES_FOR_ITSELF),
            workers=max(1, (os.cpu_count() or 1) // 2),
        )
        members = {member: self._takes_traffic(member) for member in self._members}
        return nginx_configuration(self._settings, machine, members)

    def _takes_traffic(self, member: Member) -> bool:
        checks = self._checks
        if checks is None:
            return False
        joined = [each for each in self._members if address(each) in checks.joined]
        up = sum(map(checks.is_up, joined))
        if is_panic(up, len(joined), self._settings.panic_share):
            return member in joined
        return checks.is_up(member)

    async def _start_checks(self) -> MemberChecks:
        if self._checks is None:
            self._session = aiohttp.ClientSession()
            check = readiness_check(self._session, self._settings.health_timeout_s)
            self._checks = MemberChecks(self._settings, check)
        if self._following is None:
            self._following = asyncio.create_task(self._follow_checks(self._checks), name="follow-checks")
        return self._checks

    async def _follow_checks(self, checks: MemberChecks) -> None:
        while True:
            await checks.changed.wait()
            checks.changed.clear()
            try:
                await self._take()
            except (EngineRefused, EngineUnavailable) as error:
                structlog.get_logger().warning("engine_unavailable", detail=str(error))

    async def _wait_for_new(self, checks: MemberChecks, members: Sequence[Member], limit_s: float) -> None:
        def late() -> list[str]:
            return sorted(member.name for member in members if address(member) not in checks.joined)

        async def have_joined() -> bool:
            self._workers()
            return not late()

        if not await until(have_joined, limit_s):
            structlog.get_logger().warning("members_not_up", members=late(), waited_s=limit_s)

    async def _take(self) -> None:
        """Have new workers take over, if the configuration is another one; returns when they have."""
        async with self._taking:
            verdicts, wanted = self._verdicts(), self._configuration()
            if wanted == self._taken:
                self._known_up = verdicts
                self._tell_readiness()
                return
            before = self._workers()
            self._path.write_text(wanted, encoding="utf-8")
            os.kill(self._master(), signal.SIGHUP)

            async def have_taken_over() -> bool:
                return self._workers().have_taken_over_from(before)

            async def is_nobody_left() -> bool:
                return not self._left_of(before)

            if not await until(have_taken_over, _TAKEN_LIMIT_S):
                raise EngineRefused(f"nginx does not take {self._path}; its log says why")
            self._taken = wanted
            await until(is_nobody_left, LAST_REQUEST_S)
            self._known_up = verdicts
            self._tell_readiness()

    async def _wait_for_old(self, before: Workers, removed: Sequence[Member], limit_s: float) -> None:
        """Until no worker of before is connected with a removed member; it gets no new requests for one by now."""

        def holding() -> frozenset[int]:
            return connected_with(self._left_of(before), removed)

        async def are_gone() -> bool:
            return not holding()

        if not await until(are_gone, limit_s):
            names = sorted(member.name for member in removed)
            structlog.get_logger().warning("drain_time_over", members=names, waited_s=limit_s)
            for pid in holding():
                os.kill(pid, signal.SIGTERM)  # with all that it still has in hand

    def _left_of(self, before: Workers) -> frozenset[int]:
        now = self._workers()
        return (before.serving | before.finishing) & (now.serving | now.finishing)

    def _workers(self) -> Workers:
        workers = self._workers_or_none()
        if workers is None:
            raise EngineUnavailable("nginx has ended, or is not there yet")
        return workers

    def _workers_or_none(self) -> Workers | None:
        try:
            return workers_of(self._master())
        except EngineUnavailable:
            return None

    def _master(self) -> int:
        try:
            return int((self._settings.runtime_dir / PID_NAME).read_text())
        except (OSError, ValueError) as error:
            raise EngineUnavailable("nginx has not told its process id yet") from error


def _bound_to(descriptor: int) -> str:
    with socket.socket(fileno=os.dup(descriptor)) as listener:
        host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _view(member: Member, state: Literal["up", "down", "draining"]) -> MemberView:
    return MemberView(name=member.name, host=member.host, port=member.port, state=state, in_flight=None)
