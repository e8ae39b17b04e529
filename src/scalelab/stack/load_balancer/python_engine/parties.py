"""Who meets over one request: the client's connection, and whoever asks a member on its behalf."""

from typing import Protocol

from scalelab.stack.load_balancer.python_engine.wire.received_answer import ReceivedAnswer


class Client(Protocol):
    """The connection on which the request came."""

    address: bytes

    def write(self, data: bytes) -> None:
        """Bytes of the answer."""
        ...

    def pause_reading(self, *, is_paused: bool) -> None:
        """Take no more from it for now, or again."""
        ...

    def take_waiting(self) -> bytes:
        """What came behind the request; from now on all that comes belongs to it."""
        ...

    def await_within(self, limit_s: float) -> None:
        """Unless something comes meanwhile, `Relay.expire` is due then."""
        ...

    def is_answered(self, *, is_last: bool) -> None:
        """All of the answer is written. `is_last`: the connection ends with it."""
        ...

    def abort(self) -> None:
        """The answer breaks off: its reader must not take it for a whole one."""
        ...


class Asker(Protocol):
    """Whoever waits for the answer. After the last piece, or a fault, it is told nothing more."""

    is_head_request: bool
    knows_chunks: bool

    def takes_interim(self, answer: ReceivedAnswer) -> bool:
        """An answer before the answer; False when it may not be."""
        ...

    def takes(self, answer: ReceivedAnswer, piece: bytes, *, is_complete: bool) -> None:
        """The head, and what has come of the body, written as the client is to have it."""
        ...

    def takes_more(self, piece: bytes, *, is_complete: bool) -> None:
        """More of the body."""
        ...

    def loses(self, *, has_any_byte: bool) -> None:
        """The connection is lost, or what came on it is no answer."""
        ...

    def pauses(self, *, is_paused: bool) -> None:
        """The member does not take more for now, or takes more again."""
        ...
