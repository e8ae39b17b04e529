"""Where load workers listen, as text and as data. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from scalelab.contracts.model import Contract


class AddressError(ValueError):
    """Raised when a text is no HOST:PORT; the message says what to write."""


class WorkerAddress(Contract):
    """A host, by name or number, and a port."""

    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=0, le=65_535)]
    """0, to listen: any free one."""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it. A name other than `localhost` might be anything."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@dataclass(frozen=True)
class Workers:
    """The machines that make one load, and what they know us by."""

    addresses: tuple[WorkerAddress, ...]
    secret: str = field(default="", repr=False)


def parse_address(text: str) -> WorkerAddress:
    """`host:7100`, `10.0.0.2:7100` or `[fd00::2]:7100`.

    Raises:
        AddressError: it is none.
    """
    parts = urlsplit(f"//{text.strip()}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or parts.netloc != text.strip() or parts.username is not None:
        raise AddressError(f"{text.strip()!r} is no address: write HOST:PORT, such as 10.0.0.2:7100")
    return WorkerAddress(host=host, port=port)


def parse_addresses(text: str) -> tuple[WorkerAddress, ...]:
    """Several, separated by commas.

    Raises:
        AddressError: one is none, or stands there twice.
    """
    addresses = tuple(parse_address(part) for part in text.split(","))
    if twice := _first_repeated(addresses):
        raise AddressError(f"{twice} stands there twice: a machine's processes are given with --processes")
    return addresses


def _first_repeated(addresses: Sequence[WorkerAddress]) -> WorkerAddress | None:
    return next((address for number, address in enumerate(addresses) if address in addresses[:number]), None)
