"""What a Swarm says of its tasks, as instances of a stack."""

import json

import pytest

from scalelab.deployment.containers.swarm_tasks import (
    given_up,
    is_settled,
    swarm_views,
    task_complaints,
    tasks_of,
)

LIVE = {"node1", "node2"}


def line(name="lab_api_gateway.1", *, wanted="Running", state="Running 5 seconds ago", node="node1", error=""):
    return json.dumps(
        {
            "ID": f"id-{name}",
            "Name": name,
            "Node": node,
            "DesiredState": wanted,
            "CurrentState": state,
            "Error": error,
        }
    )


def tasks(*lines):
    return tasks_of("\n".join(lines), "lab")


def test_a_task():
    """Service and number from its name; states in small letters, without the time."""
    (task,) = tasks(line("lab_api_gateway.3", state="Starting 2 minutes ago", node="node2"))

    assert (task.id, task.service, task.number, task.instance) == (
        "id-lab_api_gateway.3",
        "api_gateway",
        3,
        "api_gateway-3",
    )
    assert (task.node, task.wanted, task.state) == ("node2", "running", "starting")


def test_instances_by_service_and_number():
    """Those that are to run, ours only; the node is told, addresses are not: nobody outside reaches them."""
    found = swarm_views(
        tasks(
            line("lab_cache.1"),
            line("lab_postgresql.1"),
            line("lab_api_gateway.10", node="node2"),
            line("lab_api_gateway.2"),
            line("lab_api_gateway.2", wanted="Shutdown", state="Failed 3 seconds ago"),
        )
    )

    assert [view.instance for view in found] == ["api_gateway-2", "api_gateway-10", "cache-1"]
    assert (found[1].node, found[1].url, found[1].admin_url, found[1].pid) == ("node2", "", "", 0)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("Running 1 second ago", "ready"),
        ("Starting 1 second ago", "starting"),
        ("Pending", "starting"),
        ("Rejected", "failed"),
        ("Complete", "stopped"),
    ],
)
def test_states(said, state):
    """A Swarm says running only of what is healthy."""
    (view,) = swarm_views(tasks(line(state=said)))

    assert view.state == state


def test_settled_is_exactly_so_many_and_nobody_on_the_way():
    """In either direction; what does not concern the question does not matter."""
    two = (line("lab_api_gateway.1"), line("lab_api_gateway.2"))

    assert is_settled(tasks(*two, line("lab_worker.1", state="Starting")), {"api_gateway": 2}, LIVE)
    assert not is_settled(tasks(*two), {"api_gateway": 3}, LIVE)
    assert not is_settled(tasks(*two), {"api_gateway": 1}, LIVE)
    assert not is_settled(tasks(*two, line("lab_api_gateway.3", state="Starting")), {"api_gateway": 3}, LIVE)
    assert not is_settled(tasks(*two, line("lab_api_gateway.3", wanted="Remove")), {"api_gateway": 2}, LIVE)
    assert is_settled(
        tasks(*two, line("lab_api_gateway.3", wanted="Shutdown", state="Shutdown")), {"api_gateway": 2}, LIVE
    )


def test_nobody_waits_for_a_node_that_is_gone():
    """Its last word was that the task runs."""
    lost = line("lab_api_gateway.3", wanted="Shutdown", node="node3")

    assert is_settled(tasks(line(), lost), {"api_gateway": 1}, LIVE)


def test_rejected_three_times_is_not_chance():
    """Of an instance that does not run; once it does, its past is past."""
    rejected = line(wanted="Shutdown", state="Rejected", error="No such image: x")

    assert given_up(tasks(rejected, rejected)) is None
    assert given_up(tasks(rejected, rejected, rejected)).error == "No such image: x"
    assert given_up(tasks(line(), rejected, rejected, rejected)) is None


def test_complaints_are_the_newest_that_the_swarm_has():
    """With the node; of a container that ended by itself only its log tells why."""
    found = task_complaints(
        tasks(
            line("lab_api_gateway.1"),
            line("lab_api_gateway.2", state="Preparing"),
            line("lab_api_gateway.2", wanted="Shutdown", state="Rejected", node="node2", error="No such image: x"),
            line("lab_database.1", wanted="Shutdown", state="Failed", error="task: non-zero exit (1)"),
            line("lab_load_balancer.1", state="Pending", node="", error="no suitable node (port in use)"),
        )
    )

    assert found == {
        "api_gateway-2": "No such image: x (on node node2)",
        "database-1": "",
        "load_balancer-1": "no suitable node (port in use)",
    }
