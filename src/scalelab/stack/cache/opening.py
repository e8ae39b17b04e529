"""Chooses the engine by the address that the settings give; guesses nothing."""

from pathlib import Path

from scalelab.stack.cache.base import Cache, FaultListener
from scalelab.stack.cache.memory import MemoryCache
from scalelab.stack.cache.peers import Peers


def open_cache(url: str, *, password_file: Path | None = None, on_fault: FaultListener = lambda _kind: None) -> Cache:
    """The engine for `url`; connects on first use, so a server that is away is no reason not to start.

    Args:
        url: `memory:`, `unix:///path.sock`, `redis://host:port/0` or `rediss://...`.
        password_file: holds the server's password, if it has one.
        on_fault: hears of each call that met a fault.

    Raises:
        ValueError: none of these forms.
        OSError: the password file cannot be read.
    """
    if url == "memory:":
        return MemoryCache()
    if url.startswith(("unix://", "redis://", "rediss://")):
        from scalelab.stack.cache.valkey import ValkeyCache  # noqa: PLC0415  the client loads only where it is used

        return ValkeyCache(url, password=_password(password_file), on_fault=on_fault)
    raise ValueError(f"cache_url = {url!r} is neither memory:, unix:///path, redis://... nor rediss://...")


def open_peers(url: str, member: str, *, password_file: Path | None = None) -> Peers | None:
    """The line to the other processes that share the cache at `url`; None where there are none.

    Raises:
        OSError: the password file cannot be read.
    """
    if url == "memory:":
        return None
    from scalelab.stack.cache.valkey_peers import ValkeyPeers  # noqa: PLC0415  the client loads only where it is used

    return ValkeyPeers(url, member, password=_password(password_file))


def _password(file: Path | None) -> str | None:
    return None if file is None else file.read_text(encoding="utf-8").strip()
