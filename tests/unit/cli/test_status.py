"""What `scalelab status` shows."""

from scalelab.cli.status import _table, aligned
from scalelab.contracts.stack_view import ServiceView


def test_columns_stand_below_one_another():
    """No cell is cut, no line ends in blanks."""
    assert aligned([("instance", "URL"), ("api_gateway-1", "http://a"), ("w", "-")]) == [
        "instance       URL",
        "api_gateway-1  http://a",
        "w              -",
    ]


def test_on_this_machine_processes_and_addresses_are_shown():
    """A dash where there is none."""
    worker = ServiceView(name="worker", instance="worker-1", pid=7, url="", admin_url="http://a", state="ready")

    assert _table([worker])[1] == ("worker-1", "ready", "7", "-", "http://a")


def test_on_several_machines_it_is_shown_which():
    """A dash for what waits for a place."""
    services = [
        ServiceView(name="worker", instance=f"worker-{number}", node=node, pid=0, url="", admin_url="", state="ready")
        for number, node in ((1, "node2"), (2, ""))
    ]

    assert _table(services) == [
        ("instance", "state", "node"),
        ("worker-1", "ready", "node2"),
        ("worker-2", "ready", "-"),
    ]
