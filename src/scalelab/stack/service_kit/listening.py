"""Addresses as a deployment writes them: `host:port`, or `fd://N` for a bound socket that was handed down."""

import socket


def open_listener(address: str) -> socket.socket:
    """A listening socket for `address`.

    Raises:
        ValueError: neither form.
        OSError: the port is taken.
    """
    scheme, separator, number = address.partition("fd://")
    if separator and not scheme and number.isdigit():
        listener = socket.socket(fileno=int(number))
    else:
        host, separator, port = address.rpartition(":")
        if not separator or not port.isdigit():
            raise ValueError(f"{address!r} is neither host:port nor fd://N")
        listener = socket.create_server((host.strip("[]"), int(port)))
    listener.setblocking(False)
    return listener
