"""How the process in a container learns which instance it is: from the name that the engine gave its address.

An engine's own name server knows `PROJECT-SERVICE-NUMBER` for each address; the system's resolver does not ask it,
because `/etc/hosts` answers first. Standard library only.
"""

import re
import secrets
import socket
import struct
from pathlib import Path

_RESOLVER_FILE = Path("/etc/resolv.conf")
_PORT = 53
_LIMIT_S = 1.0
_ATTEMPTS = 5
_POINTER_TYPE, _INTERNET_CLASS = 12, 1
_RECURSION_DESIRED = 0x0100
_HEADER = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")
_COMPRESSED = 0xC0
_MOST_BYTES = 4096


def instance_name(service: str, name: str, address: str) -> str:
    """`api_gateway-2` from `lab-api_gateway-2.lab_default`; from the address where the name has no number.

    Args:
        service: what runs here.
        name: of the container, as the engine's name server has it; may be empty.
        address: IPv4, of the container.
    """
    numbered = re.search(rf"(?:^|[-_.]){re.escape(service)}[-_.](\d+)(?:[-_.]|$)", name)
    if numbered:
        return f"{service}-{numbered[1]}"
    third, fourth = address.split(".")[2:]
    return f"{service}-{int(third) * 256 + int(fourth)}"


def own_name(address: str) -> str:
    """What the container's name server calls `address`; empty when it does not say."""
    server = _name_server()
    if not server:
        return ""
    for _ in range(_ATTEMPTS):
        query = pointer_query(address, secrets.randbits(16))
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
                connection.settimeout(_LIMIT_S)
                connection.connect((server, _PORT))
                connection.send(query)
                return pointer_answer(connection.recv(_MOST_BYTES), query)
        except TimeoutError:
            continue
        except (OSError, ValueError):
            break
    return ""


def pointer_query(address: str, number: int) -> bytes:
    """A DNS question for the name of an IPv4 address (RFC 1035, 3.5)."""
    labels = [*reversed(address.split(".")), "in-addr", "arpa"]
    name = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    question = name + struct.pack("!HH", _POINTER_TYPE, _INTERNET_CLASS)
    return _HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 0) + question


def pointer_answer(message: bytes, query: bytes) -> str:
    """The first name in the answer to `query`; empty when there is none.

    Raises:
        ValueError: no answer to this question.
    """
    try:
        number, _, _, answers, _, _ = _HEADER.unpack_from(message)
        if number != _HEADER.unpack_from(query)[0]:
            raise ValueError("the answer to another question")
        position = len(query)
        for _ in range(answers):
            _, position = _name_at(message, position)
            kind, _, _, length = _RECORD.unpack_from(message, position)
            position += _RECORD.size
            if kind == _POINTER_TYPE:
                return _name_at(message, position)[0]
            position += length
    except (struct.error, IndexError) as error:
        raise ValueError("a torn answer") from error
    return ""


def _name_at(message: bytes, position: int, depth: int = 0) -> tuple[str, int]:
    """A name, and where the next field begins. Labels may point backwards (RFC 1035, 4.1.4)."""
    labels: list[str] = []
    while length := message[position]:
        if length >= _COMPRESSED:
            if depth:
                raise ValueError("a pointer to a pointer")
            target = int.from_bytes(message[position : position + 2], "big") & 0x3FFF
            rest, _ = _name_at(message, target, depth + 1)
            return ".".join([*labels, rest]), position + 2
        labels.append(message[position + 1 : position + 1 + length].decode("ascii", "replace"))
        position += length + 1
    return ".".join(labels), position + 1


def _name_server() -> str:
    try:
        lines = _RESOLVER_FILE.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    servers = [line.split()[1] for line in lines if line.startswith("nameserver ") and len(line.split()) > 1]
    return next((server for server in servers if ":" not in server), "")
