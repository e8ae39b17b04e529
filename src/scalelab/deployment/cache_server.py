"""The Valkey server of a stack: its configuration (pure) and whether it answers. Never keys or values."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

from scalelab.contracts.topology import Cache

PING_LIMIT_S = 0.5
CONNECT_LIMIT_S = 2.0
DEFAULT_PORT = 6379


def cache_configuration(cache: Cache, unix_socket: Path, data: Path) -> str:
    """The configuration file. On a Unix socket only.

    The queue lives beside the response cache: its keys have no time to live, so `volatile-lru` never evicts them, and
    the append-only file brings them back after a restart.
    """
    return _configuration(("port 0", f'unixsocket "{_quoted(unix_socket)}"', "unixsocketperm 600"), cache, data)


def networked_cache_configuration(cache: Cache, port: int, password: str, data: Path) -> str:
    """The same on a port of every address, for a container. Has the password in it."""
    return _configuration((f"port {port}", "bind * -::*", f"requirepass {password}"), cache, data)


def _configuration(listening: tuple[str, ...], cache: Cache, data: Path) -> str:
    lines = (
        *listening,
        f'dir "{_quoted(data)}"',
        f"maxmemory {cache.max_memory_mib}mb",
        "maxmemory-policy volatile-lru",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "daemonize no",
    )
    return "\n".join(lines) + "\n"


def answers_ping(unix_socket: Path) -> bool:
    """Whether the server has loaded its data and answers."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PING_LIMIT_S)
            connection.connect(str(unix_socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def unreachable_reason(url: str, default_port: int = DEFAULT_PORT) -> str:
    """Why nobody can be connected to at `unix://`, or by TCP at another URL; empty when somebody can."""
    parts = urlsplit(url)
    try:
        if parts.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(CONNECT_LIMIT_S)
                connection.connect(parts.path)
        else:
            address = (parts.hostname or "localhost", parts.port or default_port)
            socket.create_connection(address, CONNECT_LIMIT_S).close()
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
