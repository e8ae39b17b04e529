import pytest

from scalelab.deployment.errors import UnfitMachineError
from scalelab.deployment.instance import Instance, service_instance
from scalelab.deployment.listeners import Listener


def test_instance_keeps_its_ports_over_a_restart():
    """Bound anew, it listens where it did before."""
    gateway = service_instance("api_gateway", 2)
    before = gateway.endpoints
    gateway.unbind()

    gateway.bind()
    after = gateway.endpoints
    gateway.unbind()

    assert before == after
    assert len({endpoint.port for endpoint in after}) == 2
    assert gateway.view().url == f"http://127.0.0.1:{after[0].port}"
    assert gateway.view().instance == "api_gateway-2"


def test_worker_has_no_traffic_and_the_cache_no_port():
    """What does not listen has no address."""
    worker = service_instance("worker", 1)
    worker.unbind()
    cache = Instance("cache", 1, fixed_url="unix:///s/cache.sock")

    assert (worker.view().url, worker.address("traffic")) == ("", "")
    assert worker.view().admin_url.startswith("http://127.0.0.1:")
    assert (cache.view().url, cache.view().admin_url, cache.endpoints) == ("unix:///s/cache.sock", "", ())


def test_port_taken_in_the_meantime_is_told():
    """A stranger on the port of a dead service."""
    gateway = service_instance("api_gateway", 1)
    gateway.unbind()

    with Listener(gateway.endpoints[0]), pytest.raises(UnfitMachineError, match="is taken"):
        gateway.bind()
    gateway.unbind()
