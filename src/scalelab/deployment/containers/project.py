"""One stack's reading of the Compose file: its name, variables and profiles, given to Compose as a program."""

import os
from dataclasses import dataclass

from scalelab.deployment.containers.docker import ANSWER_LIMIT_S, Docker
from scalelab.deployment.containers.record import ContainerRecord
from scalelab.deployment.containers.shipped import IMAGE_VARIABLE, OWN_IMAGE, build_context, compose_file
from scalelab.deployment.errors import UnfitMachineError
from scalelab.deployment.state_directory import StackDirectory

BUILD_LIMIT_S = 900.0


@dataclass(frozen=True)
class Project:
    """The commands of Compose for one stack. Each raises `DockerError`."""

    docker: Docker
    name: str

    def run(self, record: ContainerRecord, *arguments: str, limit_s: float) -> str:
        """One verb with its options; what it printed."""
        profiles = [part for name in record.profiles for part in ("--profile", name)]
        return self.docker.compose(
            compose_file(), self.name, record.variables, *profiles, *arguments, limit_s=limit_s
        )

    def build_if_missing(self, record: ContainerRecord) -> None:
        """Our own image.

        Raises:
            UnfitMachineError: there is none, and nothing to build it from.
        """
        image = os.environ.get(IMAGE_VARIABLE, OWN_IMAGE)
        if self.docker.has_image(image):
            return
        if build_context() is None:
            raise UnfitMachineError(
                f"there is no image {image!r}, which only a checkout can build: set {IMAGE_VARIABLE} to one that "
                f"exists"
            )
        self.run(record, "build", "api_gateway", limit_s=BUILD_LIMIT_S)

    def file(self, record: ContainerRecord) -> str:
        """The file as it was understood, every variable filled in: JSON."""
        return self.run(record, "config", "--format", "json", limit_s=ANSWER_LIMIT_S)


def project_name(directory: StackDirectory) -> str:
    """The engine's name for the stack: Compose allows small letters, digits, `-` and `_` only."""
    return f"scalelab-{directory.name.lower().replace('.', '-')}"
