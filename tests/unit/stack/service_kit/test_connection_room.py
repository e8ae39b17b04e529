"""Who makes room: those that have been idle for longest, and nobody who is served."""

import pytest

from scalelab.stack.service_kit.connection_room import ConnectionRoom, most_connections


class Connection:
    def __init__(self, idle_until_s):
        self.idle_until_s = idle_until_s
        self.has_gone = False

    def make_room(self):
        self.idle_until_s = None
        self.has_gone = True


def gone(connections):
    return [number for number, one in enumerate(connections) if one.has_gone]


def test_nobody_goes_while_there_is_room():
    """Up to the bound."""
    connections = [Connection(float(number)) for number in range(3)]

    ConnectionRoom(3).enter(connections)

    assert gone(connections) == []


def test_the_longest_idle_makes_room_and_counts_as_gone():
    """Not again, though it is still there when the next comes in the same turn."""
    room = ConnectionRoom(3)
    connections = [Connection(5.0), Connection(None), Connection(2.0), Connection(9.0)]
    room.enter(connections)
    first = gone(connections)
    room.enter(connections)
    second = gone(connections)
    room.enter([*connections, Connection(None)])

    assert (first, second, gone(connections)) == ([2], [2], [0, 2])


def test_who_has_gone_gives_its_place_back():
    """Then the next one makes room again."""
    room = ConnectionRoom(1)
    connections = [Connection(1.0), Connection(2.0)]
    room.enter(connections)
    del connections[0]
    room.left()
    connections.append(Connection(3.0))
    room.enter(connections)

    assert gone(connections) == [0]
    assert repr(room) == "<room for 1 connections, 1 are leaving>"


def test_of_many_several_make_room_at_once():
    """So that the next ones need not look."""
    connections = [Connection(float(number)) for number in range(201)]

    ConnectionRoom(200).enter(connections)

    assert gone(connections) == [0, 1, 2, 3]


def test_where_nobody_is_idle_nobody_goes():
    """Who is served stays."""
    connections = [Connection(None) for _ in range(9)]

    ConnectionRoom(3).enter(connections)

    assert gone(connections) == []


@pytest.mark.parametrize(("file_limit", "most"), [(100, 16), (300, 44), (1024, 768), (20_000, 15_000)])
def test_files_are_kept_for_other_things(file_limit, most):
    """A quarter, or 256."""
    assert most_connections(file_limit) == most
