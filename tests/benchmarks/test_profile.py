"""From py-spy's stacks to a table."""

from benchmarks.profile import table

STACKS = ["run (lib/asyncio/runners.py:1);give (a/hot_path/protocol.py:5) 30", "run (lib/asyncio/runners.py:1) 10"]


def test_own_time_and_time_with_callees_are_told_apart():
    """A function that only calls has little of its own."""
    shown = table(STACKS)

    assert "| 75.0% | 75.0% | `give (hot_path/protocol.py)` |" in shown
    assert "| 25.0% | 100.0% | `run (asyncio/runners.py)` |" in shown


def test_time_is_also_told_by_part():
    """A hundred small functions of one part are one line."""
    assert "| 75.0% | `hot_path` |" in table(STACKS)
