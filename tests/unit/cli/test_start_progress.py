import io

from rich.console import Console

from scalelab.cli.start_progress import start_progress
from scalelab.deployment.progress import Progress


def test_off_a_terminal_it_is_one_plain_line():
    """A log file gets no control characters."""
    output = io.StringIO()

    with start_progress("x", Console(file=output)) as on_progress:
        on_progress(Progress("cache-1", "starting", 0, 6))

    assert output.getvalue() == "starting stack 'x' ...\n"


def test_on_a_terminal_it_says_what_is_waited_for():
    """How many are ready, and which are not."""
    output = io.StringIO()

    with start_progress("x", Console(file=output, force_terminal=True, width=100)) as on_progress:
        on_progress(Progress("cache-1", "starting", 0, 6))
        on_progress(Progress("cache-1", "ready", 1, 6))
        on_progress(Progress("database-1", "starting", 1, 6))

    assert "starting stack" in output.getvalue()
