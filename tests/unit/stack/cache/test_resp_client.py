"""The pipelined client against a scripted server: order, loss, callers who leave, greetings."""

import asyncio
import hashlib
import tempfile
from pathlib import Path

import hiredis
import pytest

from scalelab.stack.cache import resp_client
from scalelab.stack.cache.resp_client import RespClient, RespConnectionError, RespError


class ScriptedServer:
    """Answers each command with what `reply` makes of it; holds its answers while `gate` is closed."""

    def __init__(self, reply):
        self.reply = reply
        self.commands = []
        self.connections = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.got_command = asyncio.Event()
        self.writers = []

    async def serve(self, reader, writer):
        self.connections += 1
        self.writers.append(writer)
        parser = hiredis.Reader()
        while data := await reader.read(65536):
            parser.feed(data)
            while (command := parser.gets()) is not False:
                self.commands.append(command)
                self.got_command.set()
                await self.gate.wait()
                answer = self.reply(command)
                if answer is None:
                    writer.transport.abort()
                    return
                writer.write(answer)
        writer.close()


@pytest.fixture
async def server():
    """`await server(reply)` starts one and returns it and its URL."""
    started = []
    with tempfile.TemporaryDirectory(prefix="rc") as directory:

        async def start(reply):
            scripted = ScriptedServer(reply)
            path = Path(directory) / f"{len(started)}.sock"
            started.append(await asyncio.start_unix_server(scripted.serve, path))
            scripted.url = f"unix://{path}"
            return scripted

        yield start
        for listening in started:
            listening.close()
            await listening.wait_closed()


def echo(command):
    return b"$%d\r\n%b\r\n" % (len(command[-1]), command[-1])


async def test_many_commands_share_a_connection_and_get_their_own_replies(server):
    """A thousand at once: one connection, each its own reply, in any order of waiting."""
    scripted = await server(echo)
    client = RespClient(scripted.url)

    replies = await asyncio.gather(*(client.execute("ECHO", f"{n}") for n in range(1000)))
    await client.aclose()

    assert replies == [b"%d" % n for n in range(1000)]
    assert scripted.connections == 1


async def test_a_caller_who_leaves_takes_no_reply_from_another(server):
    """The reply of a cancelled command is thrown away, not given to the next."""
    scripted = await server(echo)
    client = RespClient(scripted.url)
    scripted.gate.clear()

    leaving = asyncio.ensure_future(client.execute("ECHO", "first"))
    staying = asyncio.ensure_future(client.execute("ECHO", "second"))
    await scripted.got_command.wait()
    leaving.cancel()
    scripted.gate.set()
    reply = await staying
    await client.aclose()

    assert leaving.cancelled()
    assert reply == b"second"


async def test_an_error_is_its_commands_alone(server):
    """The others are answered."""
    scripted = await server(lambda command: b"-WRONGTYPE no\r\n" if command[-1] == b"bad" else echo(command))
    client = RespClient(scripted.url)

    replies = await asyncio.gather(
        *(client.execute("ECHO", text) for text in ("a", "bad", "b")), return_exceptions=True
    )
    await client.aclose()

    assert (replies[0], replies[2]) == (b"a", b"b")
    assert isinstance(replies[1], RespError)


async def test_a_lost_connection_fails_who_waits_and_is_made_again(server):
    """Nothing is sent twice; the next command connects."""
    scripted = await server(lambda command: None if command[-1] == b"die" else echo(command))
    client = RespClient(scripted.url)

    with pytest.raises(RespConnectionError):
        await client.execute("ECHO", "die")
    reply = await client.execute("ECHO", "again")
    await client.aclose()

    assert reply == b"again"
    assert scripted.connections == 2
    assert [command[-1] for command in scripted.commands] == [b"die", b"again"]


async def test_no_server_is_an_error_each_time():
    """And no task is left behind."""
    client = RespClient("unix:///nowhere/at.all")

    for _ in range(2):
        with pytest.raises(RespConnectionError):
            await client.execute("PING")
    await client.aclose()


async def test_bytes_that_are_no_reply_end_the_connection(server):
    """A foreign protocol is a lost connection."""
    scripted = await server(lambda _command: b"HTTP/1.1 400 Bad Request\r\n\r\n")
    client = RespClient(scripted.url)

    with pytest.raises(RespConnectionError):
        await client.execute("PING")
    await client.aclose()


class ServerOfScripts:
    """Knows a script when its text has been loaded or run."""

    def __init__(self):
        self.known = set()

    def __call__(self, command):
        if command[0] == b"EVALSHA" and command[1] not in self.known:
            return b"-NOSCRIPT none\r\n"
        text = command[2] if command[0] == b"SCRIPT" else command[1]
        self.known.add(hashlib.sha1(text, usedforsecurity=False).hexdigest().encode())
        return b":7\r\n"


async def test_a_reply_that_nobody_asked_for_ends_the_connection(server):
    """Whose the next one is can no longer be told; the next command makes a new connection."""
    replies = iter([b"+one\r\n+nobody\r\n", b"+two\r\n"])
    scripted = await server(lambda _: next(replies))
    client = RespClient(scripted.url)
    first = await client.execute("GET", "a")
    for _ in range(20):
        await asyncio.sleep(0)
    second = await client.execute("GET", "b")
    await client.aclose()

    assert (first, second, scripted.connections) == (b"one", b"two", 2)


async def test_scripts_are_taught_with_the_connection(server):
    """So that a first burst finds the server prepared."""
    scripted = await server(ServerOfScripts())
    client = RespClient(scripted.url)
    script = client.script("return 7")

    results = [await script(["k"], ["a"]) for _ in range(2)]
    await client.aclose()

    assert results == [7, 7]
    assert [command[0] for command in scripted.commands] == [b"SCRIPT", b"EVALSHA", b"EVALSHA"]


async def test_a_script_that_the_server_has_forgotten_is_taught_again(server):
    """The text goes only to a server that does not know it."""
    knowing = ServerOfScripts()
    scripted = await server(knowing)
    client = RespClient(scripted.url)
    script = client.script("return 7")

    await script(["k"], ["a"])
    knowing.known.clear()
    results = [await script(["k"], ["a"]) for _ in range(2)]
    await client.aclose()

    assert results == [7, 7]
    assert [command[0] for command in scripted.commands[1:]] == [b"EVALSHA", b"EVALSHA", b"EVAL", b"EVALSHA"]


async def test_the_password_and_the_database_go_first(server):
    """Before any command of ours; the URL's own password before the file's."""
    scripted = await server(lambda _command: b"+OK\r\n")
    client = RespClient(scripted.url, password="secret")

    await client.execute("PING")
    await client.aclose()

    assert [command[0] for command in scripted.commands] == [b"AUTH", b"PING"]
    assert scripted.commands[0][1:] == [b"secret"]


async def test_a_server_that_hangs_does_not_fill_our_memory(server, monkeypatch):
    """Beyond the bound a command is refused."""
    monkeypatch.setattr(resp_client, "MAX_UNANSWERED", 3)
    scripted = await server(echo)
    client = RespClient(scripted.url)
    scripted.gate.clear()

    waiting = [asyncio.ensure_future(client.execute("ECHO", f"{n}")) for n in range(4)]
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    scripted.gate.set()
    replies = await asyncio.gather(*waiting, return_exceptions=True)
    await client.aclose()

    assert done == {waiting[3]}
    assert replies[:3] == [b"0", b"1", b"2"]
    assert isinstance(replies[3], RespConnectionError)


@pytest.mark.parametrize("url", ["http://x", "memory:"])
def test_what_it_cannot_speak_is_refused(url):
    """At once, not at the first command."""
    with pytest.raises(ValueError, match="is neither unix"):
        RespClient(url)
