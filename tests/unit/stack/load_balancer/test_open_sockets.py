"""Sockets as the system sees them: here our own."""

import os
import socket
import subprocess
import sys

from scalelab.contracts.membership import Member
from scalelab.stack.load_balancer.open_sockets import connected_with, listens

LISTENER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(flush=True)
sys.stdin.readline()
listener.close()
print(flush=True)
sys.stdin.read()
"""


def test_connections_are_seen():
    """By the other end's address; of who is gone there are none."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
        member = Member(name="a", host="127.0.0.1", port=listener.getsockname()[1])
        other = Member(name="b", host="127.0.0.2", port=member.port)

        assert connected_with([os.getpid()], [member]) == {os.getpid()}
        assert connected_with([os.getpid()], [other]) == connected_with([2**22 - 1], [member]) == frozenset()


def test_who_listens_is_told_from_who_does_not():
    """Also while it goes on with something else; who is gone does not."""
    with subprocess.Popen(
        [sys.executable, "-c", LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        child.stdout.readline()
        before = listens(child.pid)
        child.stdin.write("\n")
        child.stdin.flush()
        child.stdout.readline()
        after = listens(child.pid)
        child.communicate()

    assert (before, after, listens(child.pid)) == (True, False, False)
