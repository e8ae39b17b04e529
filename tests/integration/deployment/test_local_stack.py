"""A stack held by this very process, as the laboratory's runner holds it."""

import pytest

from scalelab.contracts.topology import Topology
from scalelab.deployment.attach import attach
from scalelab.deployment.errors import AlreadyRunningError, ConfigurationError, NoSuchStackError, StackGoneError
from scalelab.deployment.local import LocalStack
from scalelab.deployment.state_directory import stack_directory

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def test_stack_is_a_context_manager_that_leaves_nothing(home):
    """Looked at, scaled from here and through its socket, ended from outside; then it is gone, logs too."""
    directory = stack_directory("run", home.environment)
    topology = Topology.model_validate({"database": {"records": 1000}, "load_balancer": {"engine": "python"}})
    progress = []

    with LocalStack(topology, directory, on_progress=progress.append, keep_logs=False) as stack:
        started = stack.view()
        scaled = stack.scale("worker", 2)
        attached = attach("run", home.environment)
        seen = attached.scale("api_gateway", 2)
        with pytest.raises(ConfigurationError):
            attached.scale("database", 2)
        with pytest.raises(AlreadyRunningError):
            LocalStack(topology, directory).start()
        attached.stop()
        assert stack.ended.is_set()
        with pytest.raises(StackGoneError):
            stack.view()

    assert started.ready
    assert {service.state for service in started.services} == {"ready"}
    assert [one.instance for one in scaled.services if one.name == "worker"] == ["worker-1", "worker-2"]
    assert seen.topology.api_gateway.replicas == 2
    assert progress[-1].total == 1
    assert home.processes() == []
    assert not directory.root.exists()
    with pytest.raises(NoSuchStackError):
        attach("run", home.environment)
