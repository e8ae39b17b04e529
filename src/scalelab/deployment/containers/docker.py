"""Docker and Compose as commands: run them, and say in one line what went wrong. Knows no stack."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scalelab.deployment.errors import DeploymentError, UnfitMachineError

ANSWER_LIMIT_S = 30.0
_ENGINE_VERSION = ("docker", "version", "--format", "{{.Server.Version}}")
_COMPOSE_LABEL = "com.docker.compose.project"


class DockerError(DeploymentError):
    """Raised when a command of Docker failed; the message has its last words."""


@dataclass(frozen=True)
class Docker:
    """The commands of one engine."""

    compose_command: tuple[str, ...]

    def compose(self, file: Path, project: str, variables: Mapping[str, str], *arguments: str, limit_s: float) -> str:
        """Run Compose on one project; what it printed.

        Args:
            file: the Compose file.
            project: its name.
            variables: for the file, over our own environment.
            arguments: verb and options.
            limit_s: longest wait.

        Raises:
            DockerError: it failed, or took longer.
        """
        command = [*self.compose_command, "--file", str(file), "--project-name", project, *arguments]
        return _run(command, {**os.environ, **variables}, limit_s)

    def run(self, *arguments: str, given: str = "", limit_s: float = ANSWER_LIMIT_S) -> str:
        """Run any command of Docker's; what it printed.

        Args:
            arguments: without the program's name.
            given: what it reads from its standard input.
            limit_s: longest wait.

        Raises:
            DockerError: it failed, or took longer.
        """
        return _run(["docker", *arguments], None, limit_s, given)

    def containers(self, project: str) -> list[dict[str, Any]]:
        """Each container of a project as `docker inspect` describes it, those that have ended too.

        Raises:
            DockerError: the engine does not answer.
        """
        ids = _run(
            ["docker", "ps", "--all", "--quiet", "--filter", f"label={_COMPOSE_LABEL}={project}"],
            None,
            ANSWER_LIMIT_S,
        ).split()
        if not ids:
            return []
        described: list[dict[str, Any]] = json.loads(_run(["docker", "inspect", *ids], None, ANSWER_LIMIT_S))
        return described

    def has_image(self, image: str) -> bool:
        """Whether the engine has it."""
        return _succeeds(["docker", "image", "inspect", image])

    def write_logs(self, file: Path, *arguments: str, limit_s: float = ANSWER_LIMIT_S) -> None:
        """Append what a command of logs prints, on either stream, to a file.

        Raises:
            DockerError: it failed, or took longer.
            OSError: the file cannot be written.
        """
        command = ["docker", *arguments]
        with file.open("ab") as log:
            try:
                finished = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False, timeout=limit_s)
            except subprocess.TimeoutExpired as error:
                raise DockerError(f"{' '.join(command)} was not done within {limit_s:g} s") from error
        if finished.returncode != 0:
            raise DockerError(f"{' '.join(command)} failed with exit code {finished.returncode}")

    def version(self) -> str:
        """Of the engine."""
        return _run(_ENGINE_VERSION, None, ANSWER_LIMIT_S).strip()


def demand_docker() -> Docker:
    """An engine that answers, and Compose.

    Raises:
        UnfitMachineError: says which is missing.
    """
    if shutil.which("docker") is None:
        raise UnfitMachineError("no docker on PATH: install Docker, or start the stack without --on")
    try:
        _run(_ENGINE_VERSION, None, ANSWER_LIMIT_S)
    except DockerError as error:
        raise UnfitMachineError(f"no Docker engine answers ({error}): start it, or set DOCKER_HOST") from error
    for command in (("docker", "compose"), ("docker-compose",)):
        if shutil.which(command[0]) is not None and _succeeds([*command, "version"]):
            return Docker(command)
    raise UnfitMachineError("no Docker Compose: install its plugin (docker compose version must work)")


def _succeeds(command: Sequence[str]) -> bool:
    try:
        _run(command, None, ANSWER_LIMIT_S)
    except DockerError:
        return False
    return True


def _run(command: Sequence[str], environment: Mapping[str, str] | None, limit_s: float, given: str = "") -> str:
    what = " ".join(part for part in command[:2] if not part.startswith("-"))
    try:
        finished = subprocess.run(
            command, env=environment, input=given, capture_output=True, text=True, check=False, timeout=limit_s
        )
    except subprocess.TimeoutExpired as error:
        raise DockerError(f"{what} was not done within {limit_s:g} s") from error
    except OSError as error:
        raise DockerError(f"{what} cannot be run ({error.strerror or error})") from error
    if finished.returncode != 0:
        words = [line.strip() for line in (finished.stderr or finished.stdout).splitlines() if line.strip()]
        raise DockerError(f"{what} failed: {words[-1] if words else f'exit code {finished.returncode}'}")
    return finished.stdout
