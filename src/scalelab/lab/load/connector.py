"""Resolves names and opens connections. While a load runs, errors become faults of the connection, never raised."""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path

from scalelab.lab.load.connection import Connection
from scalelab.lab.load.faults import connect_fault
from scalelab.lab.load.targets import Origin

Addresses = Mapping[Origin, tuple[str, ...]]
"""Numeric addresses of each origin, in the order in which they are tried."""


class UnresolvedError(Exception):
    """Raised when a host name has no address; the message names it and the reason."""


class CertificateFileError(Exception):
    """Raised when the file of trusted certificates cannot be used; the message names it and the reason."""


def read_certificates(file: Path) -> str:
    """Trusted certificates, as text: a plan carries them to generators that cannot read the file.

    Raises:
        CertificateFileError: the file cannot be read or holds no certificate.
    """
    try:
        text = file.read_text(encoding="ascii")
        tls_context(text or "empty", is_certificate_checked=True)  # no text at all would mean the system's
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        is_read = isinstance(error, ssl.SSLError | ValueError)
        reason = "it holds no certificate" if is_read else getattr(error, "strerror", None) or str(error)
        raise CertificateFileError(f"cannot use the certificates of {file}: {reason}") from error
    return text


def resolve(origins: Iterable[Origin]) -> dict[Origin, tuple[str, ...]]:
    """Addresses of the origins: once, before the load, so that no name server is measured.

    Raises:
        UnresolvedError: a name has no address.
    """
    addresses = {}
    for origin in origins:
        try:
            found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UnresolvedError(f"cannot resolve {origin.host!r}: {reason}") from error
        addresses[origin] = tuple(dict.fromkeys(str(address[0]) for *_, address in found))
    return addresses


def tls_context(certificates: str | None, *, is_certificate_checked: bool) -> ssl.SSLContext:
    """How https is spoken: HTTP/1.1 only.

    Args:
        certificates: trusted ones (PEM); None: those of the system.
        is_certificate_checked: whether the server has to prove who it is.
    """
    context = ssl.create_default_context(cadata=certificates)
    context.set_alpn_protocols(["http/1.1"])
    if not is_certificate_checked:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Connector:
    """Opens connections on the running loop. An address that answered is tried first the next time."""

    def __init__(self, addresses: Addresses, context: ssl.SSLContext | None) -> None:
        self._addresses = {origin: list(known) for origin, known in addresses.items()}
        self._context = context
        self._tasks: dict[asyncio.Task[None], Connection] = {}

    def open(self, connection: Connection) -> None:
        """Start to connect; the connection hears of it."""
        task = asyncio.get_running_loop().create_task(self._open(connection), name="connect")
        self._tasks[task] = connection
        task.add_done_callback(self._tasks.pop)

    def cancel_abandoned(self) -> None:
        """Give up connecting for those that were given up."""
        for task, connection in list(self._tasks.items()):
            if connection.is_dead:
                task.cancel()

    async def _open(self, connection: Connection) -> None:
        origin = connection.origin
        known = self._addresses[origin]
        for address in tuple(known):
            try:
                await self._connect(connection, origin, address)
            except Exception as error:  # noqa: BLE001  whatever the loop raises here is a request without an answer
                last = error
            else:
                known.remove(address)
                known.insert(0, address)
                return
        connection.fail_to_open(connect_fault(last))

    async def _connect(self, connection: Connection, origin: Origin, address: str) -> None:
        loop = asyncio.get_running_loop()
        if origin.is_secure:
            await loop.create_connection(
                lambda: connection, address, origin.port, ssl=self._context, server_hostname=origin.host
            )
        else:
            await loop.create_connection(lambda: connection, address, origin.port)
