"""What needs admin ports is refused on a Swarm."""

import pytest

from scalelab.cli.admin_ports import demand_admin_ports
from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.contracts.stack_view import Account, ServiceView, StackView
from scalelab.contracts.topology import Topology


def view(node):
    account = Account(username="u", password="p")
    gateway = ServiceView(
        name="api_gateway", instance="api_gateway-1", node=node, pid=0, url="", admin_url="", state="ready"
    )
    return StackView(
        name="lab", ready=True, nonce="n", url="http://192.0.2.1:80", login=account, load_accounts=(),
        services=(gateway,), topology=Topology(),
    )  # fmt: skip


def test_on_this_machine_they_are_there():
    """Whatever state a service is in."""
    demand_admin_ports(view(node=""))


def test_on_a_swarm_it_is_said_that_they_are_not():
    """Wrong usage, and what can be done instead."""
    with pytest.raises(CommandError, match=r"'lab' runs on a Swarm.*scalelab load http://192.0.2.1:80") as raised:
        demand_admin_ports(view(node="node1"))

    assert raised.value.code == ExitCode.USAGE
