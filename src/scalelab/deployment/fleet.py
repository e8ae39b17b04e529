"""Keeps a set of instances alive: starts them, awaits readiness, starts dead ones again, stops them.

Knows nothing of topologies: what to run and when it is ready, its owner says.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from threading import Event, Lock

from scalelab.deployment.errors import StartError, UnfitMachineError
from scalelab.deployment.events import EventLog, last_lines
from scalelab.deployment.instance import Instance
from scalelab.deployment.processes import Child, Spawner, describe_exit
from scalelab.deployment.restart_policy import restart_delay_s
from scalelab.deployment.state_directory import StackDirectory

POLL_S = 0.03
KILL_LIMIT_S = 5.0
GROUP_END_LIMIT_S = 0.3
"""A dead service's own children die with it, but a moment later."""


@dataclass(frozen=True)
class Command:
    """What to run for an instance."""

    arguments: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Owner:
    """What a fleet asks its owner."""

    command: Callable[[Instance], Command]
    """The command of an instance whose ports are bound; writes its settings. May raise OSError."""
    unready_reason: Callable[[Instance], str]
    """Why the instance is not ready; empty when it is."""
    changed: Callable[[Instance], None]
    """Called after each change of an instance, from any thread; must not block long."""


class Fleet:
    """All instances of one stack. Safe for use from several threads."""

    def __init__(self, directory: StackDirectory, owner: Owner, events: EventLog) -> None:
        self._directory = directory
        self._owner = owner
        self._events = events
        self._spawner = Spawner()
        self._closing = Event()
        self._lock = Lock()
        self._instances: tuple[Instance, ...] = ()

    @property
    def instances(self) -> tuple[Instance, ...]:
        """In order of their coming."""
        return self._instances

    def of(self, service: str) -> tuple[Instance, ...]:
        """The instances of one service, in order of their numbers."""
        return tuple(sorted((one for one in self._instances if one.service == service), key=lambda one: one.number))

    def add(self, instance: Instance) -> None:
        """Take an instance in, not started yet."""
        with self._lock:
            self._instances = (*self._instances, instance)

    def launch(self, instance: Instance, bind_patience_s: float = 0.0) -> None:
        """Start its process and hand its ports down.

        While it starts, whoever connects waits for it if there is nobody else, and is refused if others are ready:
        then one of those is asked.

        Args:
            instance: one that was added.
            bind_patience_s: how long to wait for ports that its former process still holds.

        Raises:
            OSError: no process, no file.
            UnfitMachineError: a port was taken in the meantime.
        """
        with instance.lock:
            if instance.is_leaving or self._closing.is_set():
                return
            instance.state = "starting"
            try:
                instance.bind(bind_patience_s, is_listening=not self._has_ready_peers(instance))
                command = self._owner.command(instance)
                instance.child = self._spawner.spawn(
                    command.arguments,
                    environment=command.environment,
                    log_file=self._directory.log_file(instance.name),
                    working_directory=self._directory.root,
                    descriptors=[listener.socket.fileno() for listener in instance.listeners.values()],
                    on_end=partial(self._ended, instance),
                )
            finally:
                instance.unbind()
        self._owner.changed(instance)

    def await_ready(self, instances: Collection[Instance], deadline_s: float) -> None:
        """Return when all are ready.

        Raises:
            StartError: one ended, or was not ready before `deadline_s` (`time.monotonic`).
        """
        given_up = Event()
        threads = ThreadPoolExecutor(max(1, len(instances)), thread_name_prefix="await-ready")
        try:
            waits = [threads.submit(self._await_one, one, deadline_s, given_up) for one in instances]
            for finished in wait(waits, return_when=FIRST_EXCEPTION).done:
                finished.result()
        finally:
            given_up.set()
            threads.shutdown(wait=False)  # a probe in flight ends by itself, at the latest with its service

    def check_alive(self, instances: Collection[Instance]) -> None:
        """Nothing, when none of them has ended.

        Raises:
            StartError: one has; the message has its exit code and its last log lines.
        """
        for instance in instances:
            child = instance.child
            if child is not None and child.exit_code is not None and not instance.is_leaving:
                raise StartError(
                    f"{instance.name} ended with {describe_exit(child.exit_code)} while it started; "
                    f"the end of {self._directory.log_file(instance.name)}:\n"
                    + last_lines(self._directory.log_file(instance.name))
                )

    def stop(self, instances: Collection[Instance], grace_s: float) -> None:
        """Ask them to end, together; after `grace_s`, kill them. Returns when they are gone."""
        for instance in instances:
            with instance.lock:
                instance.state = "stopping"
                instance.unbind()
                if instance.child is not None:
                    instance.child.terminate()
            self._owner.changed(instance)
        deadline_s = time.monotonic() + grace_s
        for instance in instances:
            if instance.child is not None and not instance.child.wait(deadline_s):
                self._events.write("killed", instance=instance.name, reason=f"did not end within {grace_s} s")
        self._kill(instances)

    def hold(self, instance: Instance, grace_s: float = 0.0) -> None:
        """End one and keep it ended: nobody listens on its ports. At once, or in peace within `grace_s`."""
        with instance.lock:
            instance.is_held, instance.state = True, "failed"
            instance.has_been_ready = (
                False  # it begins anew: ready when it says so, whether the balancer has it or not
            )
            instance.unbind()
        child = instance.child
        if child is not None:
            if grace_s > 0:
                child.terminate()
                child.wait(time.monotonic() + grace_s)
            child.kill()
            child.wait(time.monotonic() + KILL_LIMIT_S)
        self._owner.changed(instance)

    def release(self, instance: Instance, deadline_s: float) -> None:
        """Start one that was held; returns when it is ready. Raises as `launch` and `await_ready`."""
        with instance.lock:
            instance.is_held = False
        self.launch(instance, GROUP_END_LIMIT_S)
        self.await_ready([instance], deadline_s)

    def kill_all(self) -> None:
        """End everything at once."""
        for instance in self._instances:
            with instance.lock:
                instance.state = "stopping"
                instance.unbind()
        self._kill(self._instances)

    def close(self) -> None:
        """Start nothing any more; end what is left, and the reaper."""
        self._closing.set()
        self.kill_all()
        self._spawner.close()

    def refuse_restarts(self) -> None:
        """From now on, a dead instance stays dead."""
        self._closing.set()

    def _has_ready_peers(self, instance: Instance) -> bool:
        return any(one is not instance and one.state == "ready" for one in self.of(instance.service))

    def _kill(self, instances: Collection[Instance]) -> None:
        for instance in instances:
            if instance.child is not None:
                instance.child.kill()
        deadline_s = time.monotonic() + KILL_LIMIT_S
        for instance in instances:
            if instance.child is not None:
                instance.child.wait(deadline_s)
                self._spawner.forget(instance.child)
            instance.state = "stopped"
        with self._lock:
            self._instances = tuple(one for one in self._instances if one not in instances)

    def _await_one(self, instance: Instance, deadline_s: float, given_up: Event) -> None:
        reason = "not asked yet"
        while not given_up.is_set():
            if self._closing.is_set():
                raise StartError(f"{instance.name} was stopped before it was ready")
            self.check_alive([instance])
            if not (reason := self._owner.unready_reason(instance)):
                self._became_ready(instance)
                return
            if time.monotonic() >= deadline_s:
                raise StartError(
                    f"{instance.name} was not ready in time: {reason}; "
                    f"the end of {self._directory.log_file(instance.name)}:\n"
                    + last_lines(self._directory.log_file(instance.name))
                )
            given_up.wait(POLL_S)

    def _became_ready(self, instance: Instance) -> None:
        with instance.lock:
            if instance.state != "starting":
                return
            instance.state, instance.has_been_ready = "ready", True
        self._owner.changed(instance)

    def _ended(self, instance: Instance, child: Child) -> None:
        child.end_group(GROUP_END_LIMIT_S)  # what a dead leader has left would hold its ports
        self._spawner.forget(child)
        with instance.lock:
            if instance.is_leaving or instance.is_held or instance.child is not child:
                return
            instance.state = "failed"
        self._events.write("ended", instance=instance.name, how=describe_exit(child.exit_code or 0))
        self._owner.changed(instance)
        if instance.has_been_ready:
            self._restart(instance)

    def _restart(self, instance: Instance) -> None:
        while not instance.is_leaving:
            now_s = time.monotonic()
            instance.deaths_at_s.append(now_s)
            is_balancer = instance.service == "load_balancer"
            delay_s = restart_delay_s(instance.deaths_at_s, now_s, is_balancer=is_balancer)
            if self._closing.wait(delay_s) or instance.is_leaving or instance.is_held:
                return
            try:
                self.launch(instance, GROUP_END_LIMIT_S)
            except (OSError, UnfitMachineError) as error:
                self._events.write("not_restarted", instance=instance.name, reason=str(error))
                continue
            self._events.write("restarted", instance=instance.name, after_s=delay_s)
            self._await_recovery(instance)
            return

    def _await_recovery(self, instance: Instance) -> None:
        child = instance.child
        while child is not None and child.exit_code is None and instance.child is child:
            if not self._owner.unready_reason(instance):
                self._became_ready(instance)
                return
            if self._closing.wait(POLL_S):
                return
