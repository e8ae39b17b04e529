"""What the tests of the command line share."""

import tempfile
from pathlib import Path

import pytest


@pytest.fixture
def short_home():
    """A state home whose path is short enough for Unix sockets, whatever pytest's own is."""
    with tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as home:
        yield Path(home)
