"""Where a stack on this machine keeps its state: one directory, readable by its owner only.

Knows names and permissions; never what stands in the files.
"""

import errno
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scalelab.contracts.service_settings import HOME_VARIABLE
from scalelab.deployment.errors import ConfigurationError, UnfitMachineError

LONGEST_SOCKET_PATH_BYTES = 107 if sys.platform == "linux" else 103
"""Linux allows 108 with the final zero (`unix(7)`), macOS 104."""
RESERVED_FOR_SOCKETS_BYTES = 28
"""`/lb/haproxy.sock` + `.<pid>.tmp`, which HAProxy adds while it binds: the longest of all."""
LEAST_FREE_BYTES = 64 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class StackDirectory:
    """The places of one stack below `root`. `root` itself need not exist yet."""

    name: str
    root: Path

    @property
    def record_file(self) -> Path:
        """`stack.json`: the stack as it runs; exists only while it runs, or after its supervisor was killed."""
        return self.root / "stack.json"

    @property
    def containers_file(self) -> Path:
        """`containers.json`: in its place for a stack of containers, which an engine supervises."""
        return self.root / "containers.json"

    @property
    def lock_file(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.root / "lock"

    @property
    def control_socket(self) -> Path:
        """The supervisor's own."""
        return self.root / "control.sock"

    @property
    def cache_socket(self) -> Path:
        """Where Valkey listens."""
        return self.root / "cache.sock"

    @property
    def members_socket(self) -> Path:
        """Where the balancer takes its membership."""
        return self.root / "members.sock"

    @property
    def keys(self) -> Path:
        """Signing key, password files and the accounts' hashes."""
        return self.root / "keys"

    @property
    def signing_key_file(self) -> Path:
        """The gateways' keys."""
        return self.keys / "signing_key"

    @property
    def settings(self) -> Path:
        """One file for each instance."""
        return self.root / "settings"

    @property
    def logs(self) -> Path:
        """One file for each instance; stays after the stack."""
        return self.root / "logs"

    @property
    def data(self) -> Path:
        """Files of database and cache."""
        return self.root / "data"

    @property
    def balancer(self) -> Path:
        """The balancer's own directory; a short name, because sockets stand in it."""
        return self.root / "lb"

    def log_file(self, instance: str) -> Path:
        """Where an instance's output goes."""
        return self.logs / f"{instance}.log"

    def create(self) -> None:
        """Make `root`, for its owner only. Idempotent.

        Raises:
            UnfitMachineError: not writable, or no space left.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.root.chmod(0o700)
        except OSError as error:
            raise unfit_directory(self.root, error) from error

    def create_places(self) -> None:
        """Make the folders below `root`, empty ones; logs of an earlier stack go.

        Raises:
            UnfitMachineError: not writable, or no space left.
        """
        try:
            self.clear()
            for place in (self.keys, self.settings, self.logs, self.data, self.balancer):
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir(mode=0o700)
            free_bytes = shutil.disk_usage(self.root).free
        except OSError as error:
            raise unfit_directory(self.root, error) from error
        if free_bytes < LEAST_FREE_BYTES:
            raise UnfitMachineError(
                f"only {free_bytes // 2**20} MiB are free at {self.root}: free some disk space, "
                f"or set {HOME_VARIABLE} to another directory"
            )

    def clear(self) -> None:
        """Remove all but logs and lock. Idempotent."""
        for place in (self.keys, self.settings, self.data, self.balancer):
            shutil.rmtree(place, ignore_errors=True)
        for file in (
            self.record_file,
            self.containers_file,
            self.control_socket,
            self.cache_socket,
            self.members_socket,
        ):
            file.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove everything, logs too. Idempotent."""
        shutil.rmtree(self.root, ignore_errors=True)


def state_home(environment: Mapping[str, str] = os.environ) -> Path:
    """`$SCALELAB_HOME`, or `$XDG_STATE_HOME/scalelab`, or `~/.local/state/scalelab`."""
    if environment.get(HOME_VARIABLE):
        return Path(environment[HOME_VARIABLE]).expanduser().absolute()
    state = environment.get("XDG_STATE_HOME")
    if state and Path(state).is_absolute():
        return Path(state) / "scalelab"
    return Path.home() / ".local" / "state" / "scalelab"


def stack_directory(name: str, environment: Mapping[str, str] = os.environ) -> StackDirectory:
    """The directory of the stack `name`.

    Raises:
        ConfigurationError: a name that is no file name, or a path too long for Unix sockets.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"--name {name!r} is no name: use letters, digits, '_', '.' and '-'")
    root = state_home(environment) / "stacks" / name
    longest = LONGEST_SOCKET_PATH_BYTES - RESERVED_FOR_SOCKETS_BYTES
    length = len(os.fsencode(root))
    if length > longest:
        raise ConfigurationError(
            f"the path {root} is {length} bytes long, but Unix sockets in it allow {longest}: "
            f"set {HOME_VARIABLE} to a shorter directory, for example /tmp/scalelab"
        )
    return StackDirectory(name, root)


def stack_names(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Names of all stacks that have a record, running or not, in order."""
    return tuple(sorted(file.parent.name for file in (state_home(environment) / "stacks").glob("*/stack.json")))


def unfit_directory(path: Path, error: OSError) -> UnfitMachineError:
    """What an operating system's error about the state directory means, in one line."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UnfitMachineError(
            f"no space is left on the disk of {path}: free some, or set {HOME_VARIABLE} to another directory"
        )
    return UnfitMachineError(
        f"the state directory {path} cannot be used ({error.strerror or error}): make it writable, "
        f"or set {HOME_VARIABLE} to another directory"
    )
