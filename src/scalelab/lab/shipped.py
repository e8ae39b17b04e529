"""Finds what is shipped beside the code: experiments and the locustfile, in a checkout or in an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = _PACKAGE.parents[1]


def shipped_locustfile() -> Path:
    """The file that Locust is started with."""
    return _first_of(_CHECKOUT / "tests" / "load" / "locustfile.py", _PACKAGE / "load_file" / "locustfile.py")


def shipped_experiments() -> dict[str, Path]:
    """Experiments by name, in order."""
    folder = _first_of(_CHECKOUT / "experiments", _PACKAGE / "experiments")
    return {file.stem: file for file in sorted(folder.glob("*.toml"))}


def _first_of(checkout: Path, installed: Path) -> Path:
    return installed if installed.exists() else checkout
