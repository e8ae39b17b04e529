"""Where frames of a WebSocket begin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.load_balancer.python_engine.wire.websocket_frames import SERVICE_RESTART_FRAME, FrameBorders


def _frame(size, *, is_masked=False, opcode=2):
    mask = 0x80 if is_masked else 0
    if size < 126:
        length = bytes([mask | size])
    elif size < 65_536:
        length = bytes([mask | 126]) + size.to_bytes(2)
    else:
        length = bytes([mask | 127]) + size.to_bytes(8)
    return bytes([0x80 | opcode]) + length + (b"mask" if is_masked else b"") + b"x" * size


@given(
    st.lists(st.tuples(st.sampled_from([0, 1, 125, 126, 300, 70_000]), st.booleans()), max_size=4),
    st.lists(st.integers(0, 80_000), max_size=6),
)
def test_only_between_frames(frames, places):
    """However the bytes are cut: there may be closed exactly where a frame has ended."""
    wire = b"".join(_frame(size, is_masked=is_masked) for size, is_masked in frames)
    borders, seen = FrameBorders(), 0
    ends, passed = {0}, 0
    for size, is_masked in frames:
        passed += len(_frame(size, is_masked=is_masked))
        ends.add(passed)

    for place in [*sorted(place % (len(wire) + 1) for place in places), len(wire)]:
        borders.feed(wire[seen:place])
        seen = place
        assert borders.may_be_closed is (place in ends)


def test_a_closed_one_is_not_closed_again():
    """Our own frame is one that closes; the first byte of it counts."""
    borders = FrameBorders()
    borders.feed(_frame(5))
    borders.feed(SERVICE_RESTART_FRAME)

    assert (borders.is_closed, borders.may_be_closed) == (True, False)


@pytest.mark.parametrize("opcode", [0, 1, 2, 9, 10])
def test_other_frames_close_nothing(opcode):
    """Text, bytes, what goes on, ping and pong."""
    borders = FrameBorders()
    borders.feed(_frame(3, opcode=opcode))

    assert borders.may_be_closed
