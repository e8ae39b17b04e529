"""Our own balancer as an engine: a process of its own, told about members over a control socket of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence

from scalelab.contracts.membership import Member, MemberList, MembersView, PolicyChoice
from scalelab.contracts.service_settings import FIELD_VARIABLE_PREFIX, SETTINGS_FILE_VARIABLE, BalancerSettings
from scalelab.contracts.topology import BalancingPolicy
from scalelab.stack.load_balancer.base import EngineCommand, EngineUnavailable, Listeners
from scalelab.stack.load_balancer.control_client import ControlClient


class PythonEngine:
    """See `Engine`."""

    stop_signal = signal.SIGTERM

    def __init__(self, settings: BalancerSettings, listeners: Listeners) -> None:
        self._listeners = listeners
        self._socket = settings.runtime_dir / "python_engine.sock"
        self._settings_file = settings.runtime_dir / "python_engine.json"
        self._settings = settings.model_copy(
            update={
                "listen": f"fd://{listeners.traffic_fd}",
                "admin_listen": f"fd://{listeners.admin_fd}",
                "control_socket": self._socket,
            }
        )
        self._client = ControlClient(self._socket)

    def command(self, members: Sequence[Member]) -> EngineCommand:
        """See `Engine`."""
        settings = self._settings.model_copy(update={"members": tuple(members)})
        self._settings_file.touch(mode=0o600)
        self._settings_file.write_text(settings.model_dump_json())
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(FIELD_VARIABLE_PREFIX)
        }
        return EngineCommand(
            arguments=(sys.executable, "-m", "scalelab.stack.load_balancer.python_engine"),
            inherited_fds=(self._listeners.traffic_fd, self._listeners.admin_fd),
            environment={**environment, SETTINGS_FILE_VARIABLE: str(self._settings_file)},
        )

    async def is_running(self) -> bool:
        """See `Engine`."""
        try:
            await self.view()
        except EngineUnavailable:
            return False
        return True

    async def view(self) -> MembersView:
        """See `Engine`."""
        return await self._client.view()

    async def change_members(self, members: Sequence[Member], drain_timeout_s: float) -> None:
        """See `Engine`."""
        await self._client.change(MemberList(members=tuple(members), drain_timeout_s=drain_timeout_s))

    async def change_policy(self, policy: BalancingPolicy) -> bool:
        """See `Engine`. It takes it as it runs; a later start has it from the settings."""
        self._settings = self._settings.model_copy(update={"policy": policy})
        await self._client.change_policy(PolicyChoice(policy=policy))
        return True

    async def finish(self, send_stop: Callable[[], None]) -> None:
        """See `Engine`. It closes idle connections and ends by itself."""
        send_stop()
        await asyncio.get_running_loop().create_future()


def pass_line_on(line: str) -> None:
    """The engine's lines are structured already."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201
