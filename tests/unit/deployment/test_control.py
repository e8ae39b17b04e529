import json

import pytest

from scalelab.contracts.routes import RouteTable
from scalelab.contracts.stack_view import Account, StackView
from scalelab.contracts.topology import Topology
from scalelab.deployment.control import ControlServer, answer_request, ask, ask_view
from scalelab.deployment.errors import ConfigurationError, DisturbanceError, ScaleError, StackGoneError


class ScriptedStack:
    """A stack that notes what it is asked."""

    def __init__(self):
        self.asked = []

    def view(self):
        self.asked.append("view")
        account = Account(username="u", password="p")
        return StackView(
            name="x", ready=True, nonce="n", url="", login=account, load_accounts=(), services=(), topology=Topology()
        )

    def scale(self, service, replicas):
        self.asked.append((service, replicas))
        if replicas > 3:
            raise ScaleError("api_gateway-4 did not come up")
        return self.view()

    def change(self, setting, value):
        self.asked.append((setting, value))
        return self.view()

    def change_policy(self, policy):
        self.asked.append(policy)
        if policy == "best":
            raise ConfigurationError("there is no policy 'best'")
        return self.view()

    def begin_fault(self, fault):
        self.asked.append(fault.what)

    def end_fault(self, target):
        raise DisturbanceError(f"nothing is in effect on {target}")

    def change_routes(self, table):
        self.asked.append(table)
        return self.view()

    def stop(self):
        self.asked.append("stop")


def test_verbs_reach_the_stack():
    """Each verb is one call."""
    stack = ScriptedStack()

    status = answer_request(stack, b'{"verb": "status"}')
    scaled = answer_request(stack, b'{"verb": "scale", "service": "api_gateway", "replicas": 2}')
    down = answer_request(stack, b'{"verb": "down"}')

    assert status == scaled == {"view": stack.view().model_dump(mode="json")}
    assert down == {}
    assert stack.asked[:4] == ["view", ("api_gateway", 2), "view", "stop"]


def test_a_change_reaches_the_stack_as_a_number():
    """JSON knows no difference between 5 and 5.0; what is no number is nonsense."""
    stack = ScriptedStack()

    answer_request(stack, b'{"verb": "change", "setting": "api_gateway.cache_ttl_s", "value": 5}')
    broken = answer_request(stack, b'{"verb": "change", "setting": "api_gateway.cache_ttl_s", "value": "long"}')

    assert stack.asked[0] == ("api_gateway.cache_ttl_s", 5.0)
    assert broken["error"]["kind"] == "ConfigurationError"


def test_a_policy_reaches_the_stack():
    """By its name; what the stack says to it comes back."""
    stack = ScriptedStack()

    answered = answer_request(stack, b'{"verb": "policy", "policy": "random"}')
    refused = answer_request(stack, b'{"verb": "policy", "policy": "best"}')

    assert answered == {"view": stack.view().model_dump(mode="json")}
    assert refused == {"error": {"kind": "ConfigurationError", "message": "there is no policy 'best'"}}


def test_faults_reach_the_stack_and_their_errors_come_back():
    """A fault crosses as data and is checked on arrival."""
    stack = ScriptedStack()
    fault = {"kind": "freeze", "target": "api_gateway-1", "at_s": 0, "duration_s": 5}

    begun = answer_request(stack, json.dumps({"verb": "begin_fault", "fault": fault}).encode())
    broken = answer_request(stack, json.dumps({"verb": "begin_fault", "fault": {"kind": "freeze"}}).encode())
    ended = answer_request(stack, b'{"verb": "end_fault", "target": "api_gateway-1"}')

    assert begun == {}
    assert stack.asked == ["freeze api_gateway-1 for 5 s"]
    assert broken["error"]["kind"] == "ConfigurationError"
    assert ended == {"error": {"kind": "DisturbanceError", "message": "nothing is in effect on api_gateway-1"}}


def test_routes_reach_the_stack_as_a_table():
    """And what is no table is told as wrong configuration."""
    stack = ScriptedStack()
    table = RouteTable.model_validate({"upstreams": {"a": {"url": "http://a:1"}}})
    request = {"verb": "routes", "table": table.model_dump(mode="json")}

    answered = answer_request(stack, json.dumps(request).encode())
    refused = answer_request(stack, b'{"verb": "routes", "table": {"upstreams": 3}}')

    assert answered == {"view": stack.view().model_dump(mode="json")}
    assert stack.asked[0] == table
    assert refused["error"]["kind"] == "ConfigurationError"


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b'{"verb": "fly"}', b'{"verb": "scale"}', b"\xff"])
def test_nonsense_is_answered_not_raised(line):
    """A supervisor outlives whatever is sent to it."""
    assert answer_request(ScriptedStack(), line)["error"]["kind"] == "ConfigurationError"


def test_errors_cross_the_socket_as_themselves(tmp_path):
    """The one who asks gets the same error as one who holds the stack."""
    path = tmp_path / "c.sock"
    server = ControlServer(path, ScriptedStack())
    try:
        view = ask_view(path, {"verb": "status"}, 5.0)
        with pytest.raises(ScaleError, match="api_gateway-4 did not come up"):
            ask(path, {"verb": "scale", "service": "api_gateway", "replicas": 4}, 5.0)
        mode = path.stat().st_mode & 0o777
    finally:
        server.close()

    assert view.name == "x"
    assert mode == 0o600
    assert json.dumps(view.model_dump(mode="json"))


def test_silence_is_a_stack_that_is_gone(tmp_path):
    """Nobody behind the socket."""
    with pytest.raises(StackGoneError):
        ask(tmp_path / "none.sock", {"verb": "status"}, 1.0)
