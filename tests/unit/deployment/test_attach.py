import pytest

from scalelab.deployment.attach import attach, stop_stack
from scalelab.deployment.errors import NoSuchStackError
from scalelab.deployment.state_directory import stack_directory


def test_no_stack_is_told_with_what_to_type(short_home):
    """One line."""
    with pytest.raises(NoSuchStackError, match="no stack named 'x' is running: start one with `scalelab up`"):
        attach("x", {"SCALELAB_HOME": str(short_home)})


def test_nothing_to_stop_is_an_error(short_home):
    """A wrong name is not taken for success."""
    with pytest.raises(NoSuchStackError):
        stop_stack(stack_directory("x", {"SCALELAB_HOME": str(short_home)}))
