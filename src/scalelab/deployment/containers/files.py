"""Writes what the containers of a stack read: secrets, settings, the balancer's configuration. Starts nothing."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable

from scalelab.contracts.service_settings import SETTINGS_FILE_VARIABLE
from scalelab.contracts.stack_view import Account
from scalelab.contracts.topology import Topology
from scalelab.deployment.containers.layout import ContainerLayout
from scalelab.deployment.containers.record import ContainerRecord, OrchestratorName, write_container_record
from scalelab.deployment.credentials import generate_credentials, signing_key, write_account_hashes
from scalelab.deployment.errors import StartError
from scalelab.deployment.private_files import PRIVATE_MODE, write_private
from scalelab.deployment.service_commands import child_environment
from scalelab.deployment.state_directory import StackDirectory

USER_IN_IMAGE = 10001
"""Of the containers when root starts them; anybody else's run as whoever starts them, who owns the files anyway."""
PASSWORD_BYTES = 24
DATA_PLACES = ("database", "cache", "postgresql")


def write_stack_files(
    topology: Topology, directory: StackDirectory, orchestrator: OrchestratorName, address: str
) -> ContainerRecord:
    """New secrets, all settings, and the record of the stack, below a directory whose places are there and empty.

    Args:
        topology: as it was asked for.
        directory: of the stack.
        orchestrator: who is to keep the containers running.
        address: where the balancer can be reached.

    Raises:
        OSError: not writable, no space.
        StartError: the balancer's configuration cannot be made.
    """
    credentials = generate_credentials(topology.accounts.load_pool_size)
    layout = ContainerLayout(topology, credentials.nonce, new_password(), new_password())
    write_told(layout, credentials.accounts, directory)
    for place in DATA_PLACES:
        (directory.data / place).mkdir(mode=0o700)
    owner = (os.getuid(), os.getgid()) if os.getuid() else (USER_IN_IMAGE, USER_IN_IMAGE)
    _hand_over(directory, owner)
    port = topology.load_balancer.port or _free_port(topology.load_balancer.host)
    record = ContainerRecord(
        orchestrator=orchestrator,
        topology=topology,
        nonce=credentials.nonce,
        login=credentials.login,
        load_accounts=credentials.load_accounts,
        address=address,
        port=port,
        variables=layout.variables(directory.root, port, f"{owner[0]}:{owner[1]}"),
        profiles=layout.profiles,
    )
    write_container_record(directory, record)
    return record


def new_password() -> str:
    """For a server of the stack's own."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def write_told(layout: ContainerLayout, accounts: Iterable[Account], directory: StackDirectory) -> None:
    """A new signing key, the accounts' hashes, passwords and all settings, into the folders `keys` and `settings`.

    Raises:
        OSError: not writable, no space.
        StartError: the balancer's configuration cannot be made.
    """
    classes = layout.topology.accounts.load_pool_priorities
    hashes = write_account_hashes(directory.keys / "accounts.json", accounts, classes)
    write_private(directory.signing_key_file, signing_key(layout.topology.api_gateway.token_algorithm))
    for name, password in layout.passwords.items():
        write_private(directory.keys / name, password.encode())
    for service, settings in layout.settings().items():
        write_private(directory.settings / f"{service}.json", settings.model_dump_json(indent=1).encode())
    write_private(directory.settings / "cache.conf", layout.cache_configuration().encode())
    _write_haproxy(directory)
    hashes.result()


def _write_haproxy(directory: StackDirectory) -> None:
    """By the balancer's own code, in a process of its own: a deployment knows no service code."""
    settings = directory.settings / "load_balancer.json"
    command = [sys.executable, "-P", "-m", "scalelab.stack.load_balancer.haproxy", str(directory.settings)]
    environment = child_environment() | {SETTINGS_FILE_VARIABLE: str(settings)}
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise StartError(f"HAProxy's configuration could not be made: {finished.stderr.strip()}")
    for path in directory.settings.iterdir():
        path.chmod(PRIVATE_MODE)  # the nonce stands in the configuration


def _hand_over(directory: StackDirectory, owner: tuple[int, int]) -> None:
    """To whom the containers run as. Only root can, and only root needs to.

    The engine mounts single files and the data's folders; nobody in a container sees the directories above them.
    """
    if os.getuid() == 0:
        for place in (directory.keys, directory.settings, directory.data):
            for path in (place, *place.rglob("*")):
                shutil.chown(path, *owner)


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as listener:
        return int(listener.getsockname()[1])
