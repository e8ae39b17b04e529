"""Finds the Compose file, in a checkout or in an installed wheel, what stands in it, and where the image is built."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

IMAGE_VARIABLE = "SCALELAB_IMAGE"
OWN_IMAGE = "scalelab:latest"
_IMAGE = re.compile(r"\$\{(?P<variable>\w+):-(?P<default>[^}]+)\}")
_PACKAGE = Path(__file__).resolve().parents[2]
_CHECKOUT = _PACKAGE.parents[1]


def compose_file() -> Path:
    """`compose.yaml`."""
    installed = _PACKAGE / "deploy" / "compose.yaml"
    return installed if installed.exists() else _CHECKOUT / "deploy" / "compose.yaml"


def build_context() -> Path | None:
    """The checkout; None for an installed wheel, which has no sources to build from."""
    return _CHECKOUT if (_CHECKOUT / "deploy" / "Dockerfile").exists() else None


def compose_document() -> dict[str, Any]:
    """What stands in `compose.yaml`, its variables unresolved."""
    document: dict[str, Any] = yaml.safe_load(compose_file().read_text(encoding="utf-8"))
    return document


def service_images(environment: Mapping[str, str]) -> dict[str, str]:
    """The image of each service, as `environment` names it or by default."""
    return {service: environment.get(image["variable"]) or image["default"] for service, image in _images().items()}


def image_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Those variables of images that `environment` sets."""
    names = {image["variable"] for image in _images().values()}
    return {name: environment[name] for name in sorted(names) if environment.get(name)}


def _images() -> dict[str, re.Match[str]]:
    services = compose_document()["services"]
    return {
        name: image for name, service in services.items() if (image := _IMAGE.fullmatch(service["image"])) is not None
    }
