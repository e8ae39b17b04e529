"""The dashboard's life: a socket, a server in a thread of its own, and an end that lets every viewer go."""

import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

import uvicorn

from scalelab.lab.watch.acts import PlayableSystem
from scalelab.lab.watch.board import Board
from scalelab.lab.watch.playing import Player
from scalelab.lab.watch.served_load import ServedLoad
from scalelab.lab.watch.web import Site

LOOPBACK = "127.0.0.1"
_TOKEN_BYTES = 18
_GRACE_S = 1
_LOOK_S = 0.1
_EVERYWHERE = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104  told apart, not listened on
"""No addresses to open: the loopback's are."""


@dataclass(frozen=True)
class Dashboard:
    """One that is up."""

    url: str
    """For people without the token: it shows, and changes nothing."""
    token: str
    board: Board

    @property
    def url_to_play(self) -> str:
        """The token stands in the fragment, which no browser sends and no log holds."""
        return f"{self.url}#token={self.token}"

    def tell(self, name: str, value: Any) -> None:
        """What holds from now on, from any thread."""
        self.board.post(self.board.set_state, name, value)


@contextmanager
def serving(find: Callable[[], PlayableSystem], *, host: str = LOOPBACK, port: int = 0) -> Iterator[Dashboard]:
    """A dashboard that is up inside the block.

    Args:
        find: the system as it is now. Raises SystemGoneError when there is none.
        host: address or name to listen on.
        port: 0 takes a free one.

    Raises:
        OSError: it cannot listen there.
    """
    board, token = Board(), secrets.token_urlsafe(_TOKEN_BYTES)
    load = ServedLoad(lambda state: board.post(board.set_state, "load", state))
    with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        site = Site(board, Player(find, load), find, token, host)
        server = uvicorn.Server(_configuration(site))
        thread = Thread(target=server.run, args=([listener],), name="dashboard", daemon=True)
        thread.start()
        while not board.is_open.wait(_LOOK_S) and thread.is_alive():
            pass
        try:
            yield Dashboard(_url(host, listener.getsockname()[1]), token, board)
        finally:
            load.close()
            board.post(board.close)
            server.should_exit = True
            thread.join()


def _configuration(site: Site) -> uvicorn.Config:
    return uvicorn.Config(
        site.app(),
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )


def _url(host: str, port: int) -> str:
    shown = _EVERYWHERE.get(host, host)
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"
