import errno
import os
from pathlib import Path

import pytest

from scalelab.deployment import state_directory
from scalelab.deployment.errors import ConfigurationError, UnfitMachineError
from scalelab.deployment.state_directory import StackDirectory, stack_directory, state_home, unfit_directory


@pytest.mark.parametrize(
    ("environment", "home"),
    [
        ({"SCALELAB_HOME": "/s", "XDG_STATE_HOME": "/x"}, Path("/s")),
        ({"XDG_STATE_HOME": "/x"}, Path("/x/scalelab")),
        ({"XDG_STATE_HOME": "relative"}, Path.home() / ".local/state/scalelab"),
        ({"SCALELAB_HOME": ""}, Path.home() / ".local/state/scalelab"),
    ],
)
def test_home_is_ours_then_the_desktop_standard_then_the_default(environment, home):
    """A relative XDG directory is ignored, as its specification says."""
    assert state_home(environment) == home


def test_each_stack_has_its_directory():
    """Names become directories beside one another."""
    assert stack_directory("one", {"SCALELAB_HOME": "/s"}).root == Path("/s/stacks/one")


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "a b", "x" * 65])
def test_name_that_is_no_file_name_is_refused(name):
    """A name can't lead out of the state directory."""
    with pytest.raises(ConfigurationError, match="is no name"):
        stack_directory(name, {"SCALELAB_HOME": "/s"})


def test_path_too_long_for_sockets_is_refused_with_the_variable_to_set():
    """The limit is told before anything is started."""
    with pytest.raises(ConfigurationError, match=r"Unix sockets .* SCALELAB_HOME"):
        stack_directory("default", {"SCALELAB_HOME": "/" + "x" * 70})


def test_longest_path_still_fits_a_socket_of_the_balancer():
    """What is reserved is enough for the longest socket name that HAProxy makes."""
    longest = "/" + "x" * (state_directory.LONGEST_SOCKET_PATH_BYTES - state_directory.RESERVED_FOR_SOCKETS_BYTES - 1)

    path = StackDirectory("x", Path(longest)).balancer / "haproxy.sock.4194304.tmp"

    assert len(os.fsencode(path)) <= state_directory.LONGEST_SOCKET_PATH_BYTES


def test_places_are_private_and_empty(tmp_path):
    """Directories are the owner's; what an earlier stack left is gone."""
    directory = StackDirectory("x", tmp_path / "x")
    directory.create()
    directory.logs.mkdir()
    (directory.logs / "old.log").touch()

    directory.create_places()

    assert {place.name for place in directory.root.iterdir()} == {"keys", "settings", "logs", "data", "lb"}
    assert list(directory.logs.iterdir()) == []
    assert {directory.root.stat().st_mode & 0o777, directory.keys.stat().st_mode & 0o777} == {0o700}


def test_clear_leaves_logs_only(tmp_path):
    """After a stack, its logs can still be read; its keys cannot."""
    directory = StackDirectory("x", tmp_path / "x")
    directory.create()
    directory.create_places()
    directory.record_file.touch()
    (directory.keys / "signing_key").touch()

    directory.clear()

    assert [place.name for place in directory.root.iterdir()] == ["logs"]


def test_file_in_the_way_is_one_line_with_the_variable(tmp_path):
    """A state directory that cannot be made says what to set."""
    (tmp_path / "file").touch()

    with pytest.raises(UnfitMachineError, match="SCALELAB_HOME"):
        StackDirectory("x", tmp_path / "file" / "x").create()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_is_told_as_such(number):
    """No space and no quota left read alike."""
    error = unfit_directory(Path("/s"), OSError(number, os.strerror(number)))

    assert str(error) == "no space is left on the disk of /s: free some, or set SCALELAB_HOME to another directory"
