"""Finds the Compose file, in a checkout or in an installed wheel, and where the image is built."""

from pathlib import Path

IMAGE_VARIABLE = "SCALELAB_IMAGE"
OWN_IMAGE = "scalelab:latest"
_PACKAGE = Path(__file__).resolve().parents[2]
_CHECKOUT = _PACKAGE.parents[1]


def compose_file() -> Path:
    """`compose.yaml`."""
    installed = _PACKAGE / "deploy" / "compose.yaml"
    return installed if installed.exists() else _CHECKOUT / "deploy" / "compose.yaml"


def build_context() -> Path | None:
    """The checkout; None for an installed wheel, which has no sources to build from."""
    return _CHECKOUT if (_CHECKOUT / "deploy" / "Dockerfile").exists() else None
