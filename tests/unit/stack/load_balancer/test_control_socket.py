"""The membership contract over a Unix socket, with both of its ends."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest

from scalelab.contracts.membership import Member, MemberList, MembersView, MemberView, PolicyChoice
from scalelab.stack.load_balancer.base import EngineRefused, EngineUnavailable
from scalelab.stack.load_balancer.control_client import ControlClient
from scalelab.stack.load_balancer.control_socket import bind_owner_only, control_socket

MEMBER = Member(name="a", host="127.0.0.1", port=1)


class RememberedMembership:
    """Holds what it was told, or raises what it was given."""

    def __init__(self, error=None):
        self.error = error
        self.told = []

    async def view(self):
        if self.error is not None:
            raise self.error
        members = self.told[-1].members if self.told else ()
        return MembersView(
            members=tuple(
                MemberView(name=member.name, host=member.host, port=member.port, state="up", in_flight=0)
                for member in members
            )
        )

    async def change(self, wanted):
        self.told.append(wanted)
        return await self.view()

    async def change_policy(self, choice):
        self.told.append(choice)
        return choice


@pytest.fixture
def path():
    directory = Path(tempfile.mkdtemp(prefix="slb-", dir="/tmp"))
    yield directory / "control.sock"
    shutil.rmtree(directory)


async def _exchange(path, request):
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(request)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_what_is_put_is_what_is_there(path):
    """One end tells, the other remembers; the file is gone when the context closes."""
    membership, client = RememberedMembership(), ControlClient(path)
    wanted = MemberList(members=(MEMBER,), drain_timeout_s=3)

    async with control_socket(path, membership):
        before = await client.view()
        after = await client.change(wanted)

    assert before.members == ()
    assert [member.name for member in after.members] == ["a"]
    assert membership.told == [wanted]
    assert not path.exists()


async def test_a_policy_is_told_as_a_document(path):
    """What is not one is refused with its fault."""
    membership, choice = RememberedMembership(), PolicyChoice(policy="random")

    async with control_socket(path, membership):
        answer = await ControlClient(path).change_policy(choice)
        body = b'{"policy": "best"}'
        refused = await _exchange(path, b"PUT /policy HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    assert answer == choice
    assert membership.told == [choice]
    assert refused.split()[1] == b"400"
    assert b"policy: Input should be 'round_robin'" in refused


@pytest.mark.parametrize("error", [EngineUnavailable("it restarts"), EngineRefused("bad address")])
async def test_an_engine_that_cannot_is_503(path, error):
    """The reason travels to the other end."""
    async with control_socket(path, RememberedMembership(error)):
        with pytest.raises(EngineUnavailable, match=str(error)):
            await ControlClient(path).view()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /members HTTP/1.1\r\n", b"400"),
        (b"GET /elsewhere HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /policy HTTP/1.1\r\n\r\n", b"405"),
        (b"POST /members HTTP/1.1\r\nContent-Length: 0\r\n\r\n", b"405"),
    ],
)
async def test_nonsense_is_answered(path, request_bytes, status):
    """With the status that fits, and the connection ends."""
    async with control_socket(path, RememberedMembership()):
        answer = await _exchange(path, request_bytes)

    assert answer.split()[1] == status


async def test_nobody_there(path):
    """A missing socket is a state that passes."""
    with pytest.raises(EngineUnavailable):
        await ControlClient(path).view()


def test_a_path_too_long_is_named(tmp_path):
    """The operating system's message alone would not say which."""
    path = tmp_path / ("x" * 120)

    with pytest.raises(OSError, match="x" * 120):
        bind_owner_only(path)
