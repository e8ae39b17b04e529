"""Addresses as a deployment writes them become listening sockets."""

import os
import socket

import pytest

from scalelab.stack.service_kit.listening import open_listener


def test_host_and_port_are_bound():
    """Port 0 takes a free one, on the host that was named."""
    with open_listener("127.0.0.1:0") as listener:
        host, port = listener.getsockname()
        is_listening = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)

    assert (host, port > 0, is_listening) == ("127.0.0.1", True, 1)


def test_a_socket_that_was_handed_down_is_taken_over():
    """fd://N is that very socket, and N is closed with it, so that the port refuses afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        address, number = bound.getsockname(), os.dup(bound.fileno())

    with open_listener(f"fd://{number}") as listener:
        taken = listener.getsockname()

    assert taken == address
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_an_ipv6_host_may_stand_in_brackets():
    """[::1]:0 is understood."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        listener = open_listener("[::1]:0")
    except OSError:
        pytest.skip("no IPv6 loopback here")

    with listener:
        assert listener.getsockname()[0] == "::1"


@pytest.mark.parametrize("address", ["", "8080", "localhost:", "host:12x", "fd://", "fd://x", "fd://-1"])
def test_another_form_is_refused(address):
    """Neither host:port nor fd://N: the message repeats the address."""
    with pytest.raises(ValueError, match="neither host:port nor fd://N"):
        open_listener(address)


def test_a_port_in_use_is_an_operating_system_error():
    """The caller learns that the port is taken."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]

        with pytest.raises(OSError, match="in use"):
            open_listener(f"127.0.0.1:{port}")
