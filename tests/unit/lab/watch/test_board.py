import asyncio
import json

from scalelab.lab.watch.board import HISTORY_SAMPLES, MARKS_KEPT, Board
from scalelab.lab.watch.sampling import Sample, Totals

NOTHING = Totals(*[None] * 10)


async def told(board, number):
    """The next `number` events of a new viewer."""
    events = board.events()
    return [(name, json.loads(text)) async for name, text in _first(events, number)]


async def _first(events, number):
    async for event in events:
        yield event
        number -= 1
        if not number:
            await events.aclose()
            return


async def test_a_late_viewer_sees_the_last_minutes():
    """History, marks and what holds, all at once; and no more than is kept."""
    board = Board()
    for second in range(HISTORY_SAMPLES + 10):
        board.add_sample(Sample(float(second), NOTHING, ()))
    for number in range(MARKS_KEPT + 5):
        board.set_mark({"id": number, "state": "under way"})
    board.set_mark({"id": MARKS_KEPT, "state": "done"})
    board.set_state("stack", {"name": "x"})

    [(name, hello)] = await told(board, 1)

    assert name == "hello"
    assert [row["unix_s"] for row in hello["history"]] == [
        float(second) for second in range(10, HISTORY_SAMPLES + 10)
    ]
    assert hello["latest"]["unix_s"] == HISTORY_SAMPLES + 9
    assert len(hello["marks"]) == MARKS_KEPT
    assert {"id": MARKS_KEPT, "state": "done"} in hello["marks"]
    assert hello["states"] == {"stack": {"name": "x"}}


async def test_viewers_hear_what_happens_and_of_a_state_only_when_it_changes():
    """A stack that stands still says nothing."""
    board = Board()
    viewer = asyncio.create_task(told(board, 4))
    await asyncio.sleep(0)

    board.set_state("stack", 1)
    board.set_state("stack", 1)
    board.set_state("stack", 2)
    board.set_mark({"id": 1})

    assert [event[1] for event in (await viewer)[1:]] == [1, 2, {"id": 1}]


async def test_a_viewer_who_falls_behind_is_let_go():
    """Its memory is bounded; its browser comes again."""
    board = Board()
    events = board.events()
    await anext(events)
    for second in range(1000):
        board.add_sample(Sample(float(second), NOTHING, ()))

    left = [event async for event in events]

    assert len(left) < 100


async def test_closing_lets_every_viewer_go():
    """So that a server can end."""
    board = Board()
    events = board.events()
    await anext(events)

    board.close()

    assert [event async for event in events] == []
