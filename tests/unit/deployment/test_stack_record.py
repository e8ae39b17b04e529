import os

import pytest

from scalelab.contracts.stack_view import Account, ServiceView, StackView
from scalelab.contracts.topology import Topology
from scalelab.deployment.errors import AlreadyRunningError
from scalelab.deployment.processes import mark_of
from scalelab.deployment.stack_record import (
    Claim,
    RecordedProcess,
    StackRecord,
    end_leftovers,
    is_running,
    read_record,
    write_record,
)
from scalelab.deployment.state_directory import StackDirectory


@pytest.fixture
def directory(tmp_path):
    return StackDirectory("x", tmp_path / "x")


def record(*marks):
    service = ServiceView(
        name="api_gateway", instance="api_gateway-1", pid=1, url="http://127.0.0.1:1", admin_url="", state="ready"
    )
    view = StackView(
        name="x",
        ready=True,
        nonce="n",
        url="http://127.0.0.1:1",
        login=Account(username="u", password="p"),
        load_accounts=(),
        services=(service,),
        topology=Topology(),
    )
    return StackRecord(
        view=view,
        supervisor=RecordedProcess.of(mark_of(os.getpid())),
        processes=tuple(RecordedProcess.of(mark) for mark in marks),
    )


def test_record_comes_back_as_it_was_and_is_private(directory):
    """Passwords stand in it."""
    directory.create()

    write_record(directory, record())

    assert read_record(directory) == record()
    assert directory.record_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b'{"view": 1}'])
def test_torn_record_is_no_record(directory, content):
    """Nothing is concluded from half a file."""
    directory.create()
    directory.record_file.write_bytes(content)

    assert read_record(directory) is None


def test_one_supervisor_at_a_time(directory):
    """The second one is told how to stop the first; the claim ends with its release."""
    claim = Claim(directory)
    assert is_running(directory)

    with pytest.raises(AlreadyRunningError, match="scalelab down --name x"):
        Claim(directory)

    claim.release(keep_logs=True)
    assert not is_running(directory)


def test_release_without_logs_leaves_nothing(directory):
    """A run that needs no logs leaves no directory."""
    Claim(directory).release(keep_logs=False)

    assert not directory.root.exists()
    Claim(directory).release(keep_logs=False)


def test_process_that_is_not_the_recorded_one_is_no_leftover(directory):
    """A stale record never ends a stranger that has got the process id."""
    directory.create()
    stranger = RecordedProcess(pid=os.getpid(), started="long ago")
    write_record(directory, record(stranger.mark))

    assert end_leftovers(directory) == ()
