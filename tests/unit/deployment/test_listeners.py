import socket

import pytest

from scalelab.deployment.errors import UnfitMachineError
from scalelab.deployment.listeners import Endpoint, Listener

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  nothing is bound to it here


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        (Endpoint("127.0.0.1", 80), "http://127.0.0.1:80"),
        (Endpoint(EVERY_ADDRESS, 80), "http://127.0.0.1:80"),
        (Endpoint("::1", 80), "http://[::1]:80"),
        (Endpoint("::", 80), "http://[::1]:80"),
    ],
)
def test_url_is_one_that_a_client_can_use(endpoint, url):
    """'Every address' is no address to connect to."""
    assert endpoint.url == url


def test_port_is_bound_before_it_is_named():
    """A free port is ours from the moment we know it, and refuses once it is closed."""
    with Listener(Endpoint("127.0.0.1", 0)) as listener:
        endpoint = listener.endpoint

        assert endpoint.port > 0
        assert listener.address == f"fd://{listener.socket.fileno()}"
        assert not endpoint.refuses
    assert endpoint.refuses


def test_taken_port_is_one_line_that_names_the_flag():
    """It says which port and what to do."""
    with Listener(Endpoint("127.0.0.1", 0)) as listener, pytest.raises(UnfitMachineError) as caught:
        Listener(listener.endpoint)

    port = listener.endpoint.port
    assert str(caught.value) == (
        f"port {port} on 127.0.0.1 is taken: choose another with --port (0 takes a free one), "
        "or stop what listens there"
    )


def test_address_of_no_interface_is_told():
    """TEST-NET-1 (RFC 5737) is nobody's."""
    with pytest.raises(UnfitMachineError, match=r"load_balancer\.host"):
        Listener(Endpoint("192.0.2.1", 0))


def test_port_can_be_bound_again_right_after_a_connection():
    """A restart does not wait for the closed connections of the former process."""
    with Listener(Endpoint("127.0.0.1", 0)) as first:
        endpoint = first.endpoint
        with socket.create_connection((endpoint.host, endpoint.port)):
            accepted, _ = first.socket.accept()
            accepted.close()

    with Listener(endpoint) as second:
        assert second.endpoint == endpoint


def test_a_port_can_be_held_without_listening():
    """Whoever connects is refused at once, and asks somebody else; the service listens itself when it can."""
    with Listener(Endpoint("127.0.0.1", 0), is_listening=False) as held:
        assert held.endpoint.port > 0
        assert held.endpoint.refuses

        held.socket.listen()
        assert not held.endpoint.refuses
