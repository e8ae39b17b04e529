import pytest

from scalelab.cli.system_under_test import DeployedSystem
from scalelab.deployment.errors import ConfigurationError, StackGoneError
from scalelab.lab.system import SystemGoneError


class EndedStack:
    """A stack whose supervisor is gone."""

    def view(self):
        raise StackGoneError("the stack 'x' was stopped")

    def scale(self, service, replicas):
        raise ConfigurationError(f"{service} cannot be scaled to {replicas}")

    def stop(self):
        pass


def test_deployment_errors_become_the_laboratorys():
    """With the same message."""
    system = DeployedSystem(EndedStack())

    with pytest.raises(SystemGoneError, match="the stack 'x' was stopped"):
        system.view()
    with pytest.raises(SystemGoneError, match="database cannot be scaled to 2"):
        system.scale("database", 2)
