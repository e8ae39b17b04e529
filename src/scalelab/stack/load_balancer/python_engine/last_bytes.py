"""What has come on a connection that broke while it was written to: the transport gives it up unread.

A server that answers before it has read all of a request, and closes, resets the connection under who still sends.
Its answer has come by then (RFC 9112, 9.6, tells the same from the side of the server).
"""

import asyncio
import os
import socket

_MOST_BYTES = 256 * 1024


def left_in(transport: asyncio.BaseTransport) -> bytes:
    """All that can still be read; nothing where there is none, or no socket. For `connection_lost`."""
    pseudo = transport.get_extra_info("socket")
    if pseudo is None:
        return b""
    read = bytearray()
    try:
        with socket.socket(fileno=os.dup(pseudo.fileno())) as left:
            left.setblocking(False)
            while len(read) < _MOST_BYTES and (part := left.recv(_MOST_BYTES)):
                read += part
    except OSError:  # nothing more
        pass
    return bytes(read)
