"""A server that runs and can be asked."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from benchmarks.processes import BenchError

BODY = ('{"key":1,"value":"' + "0123456789abcdef" * 30 + '","version":1}').encode()
"""What every server answers with: 511 bytes."""
MAX_AGE_S = 3600
MISSING_PEERS = "pip install -r benchmarks/requirements.txt"


@dataclass(frozen=True)
class Contestant:
    """Its name in the results, where it listens, and the processes that are it."""

    name: str
    url: str
    pids: tuple[int, ...]


def peer_module(name: str) -> Any:
    """The Python package that brings a peer.

    Raises:
        BenchError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise BenchError(f"{name} is not installed: {MISSING_PEERS}") from error
