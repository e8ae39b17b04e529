"""What the engine says of containers, as instances of a stack."""

import pytest

from scalelab.deployment.containers.compose_views import service_views


def container(service="api_gateway", number="1", status="running", health="healthy", address="172.18.0.5", pid=4711):
    state = {"Status": status, "Pid": pid}
    if health is not None:
        state["Health"] = {"Status": health}
    labels = {"com.docker.compose.service": service, "com.docker.compose.container-number": number}
    return {
        "Config": {"Labels": labels},
        "State": state,
        "NetworkSettings": {"Networks": {"lab_stack": {"IPAddress": address}}},
    }


def test_a_gateway():
    """Its process on this machine, and its addresses in the stack's network."""
    (view,) = service_views([container(number="2")])

    assert (view.name, view.instance, view.pid, view.state) == ("api_gateway", "api_gateway-2", 4711, "ready")
    assert (view.url, view.admin_url) == ("http://172.18.0.5:8080", "http://172.18.0.5:8081")


def test_the_cache_and_the_worker_have_less():
    """No admin listener, no traffic."""
    cache, worker = sorted(service_views([container("worker"), container("cache")]), key=lambda view: view.name)

    assert (cache.url, cache.admin_url) == ("redis://172.18.0.5:6379/0", "")
    assert (worker.url, worker.admin_url) == ("", "http://172.18.0.5:8081")


@pytest.mark.parametrize(
    ("status", "health", "state"),
    [
        ("running", "healthy", "ready"),
        ("running", "starting", "starting"),
        ("running", "unhealthy", "failed"),
        ("running", None, "ready"),
        ("restarting", None, "starting"),
        ("created", None, "starting"),
        ("exited", "unhealthy", "stopped"),
    ],
)
def test_states(status, health, state):
    """Running is not enough where the image has a health check."""
    (view,) = service_views([container(status=status, health=health)])

    assert view.state == state


def test_one_that_does_not_run_has_no_address():
    """And no process."""
    (view,) = service_views([container(status="exited", address="", pid=0)])

    assert (view.url, view.admin_url, view.pid) == ("", "", 0)


def test_order_and_strangers():
    """By service and number, 10 after 2; what is no service of ours is left out."""
    gateways = [container(number="10"), container(number="2")]

    found = service_views([*gateways, container("postgresql"), container("cache")])

    assert [view.instance for view in found] == ["api_gateway-2", "api_gateway-10", "cache-1"]
