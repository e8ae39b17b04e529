"""Reads HAProxy's `show stat` answer. Pure."""

import csv
import io
from dataclasses import dataclass
from typing import Literal

from scalelab.stack.load_balancer.haproxy.server import BACKEND

SERVERS_ONLY = 4
ALL_PROXIES = -1
SHOW_SERVERS = f"show stat {BACKEND} {SERVERS_ONLY} {ALL_PROXIES}"


@dataclass(frozen=True)
class ServerState:
    """What HAProxy says of one server."""

    status: Literal["up", "down", "draining"]
    sessions: int
    """Requests that it is answering now."""


def server_states(answer: str) -> dict[str, ServerState]:
    """Server name -> state, from the CSV of `SHOW_SERVERS`."""
    rows = csv.DictReader(io.StringIO(answer.removeprefix("# ")))
    return {
        row["svname"]: ServerState(_status(row["status"]), int(row["scur"] or 0))
        for row in rows
        if row["pxname"] == BACKEND
    }


def _status(text: str) -> Literal["up", "down", "draining"]:
    """`UP 1/2` is going down but still serves; `DOWN 1/2` is coming up but does not yet."""
    if text.startswith("UP"):
        return "up"
    return "draining" if text.startswith("DRAIN") else "down"
