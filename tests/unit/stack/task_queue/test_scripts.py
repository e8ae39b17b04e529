"""The scripts are whole."""

import re

import pytest

from scalelab.stack.task_queue.scripts import SCRIPT_NAMES, script_text


@pytest.mark.parametrize("name", SCRIPT_NAMES)
def test_no_placeholder_is_left(name):
    """Each name of Python has been put in."""
    assert re.findall(r"@[A-Z_]+@", script_text(name)) == []
    assert '"running": {"succeed": "succeeded"' in script_text(name)
