"""Settings and captured log lines for the tests of the service kit."""

import pytest
import structlog

from scalelab.contracts.service_settings import ServiceSettings


@pytest.fixture
def settings():
    return ServiceSettings(
        instance="database-1", stack_nonce="nonce-1", listen="127.0.0.1:0", admin_listen="127.0.0.1:0"
    )


@pytest.fixture
def log_lines():
    """The structured log lines that the test causes, as dictionaries."""
    with structlog.testing.capture_logs() as lines:
        yield lines
