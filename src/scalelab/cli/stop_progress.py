"""Shows a stack going: a moving line on a terminal, one plain line otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


@contextmanager
def stop_progress(name: str, console: Console) -> Iterator[None]:
    """While the stack `name` stops in the foreground."""
    text = f"stopping stack {name!r} ... (Ctrl-C again: at once)"
    if not console.is_terminal:
        console.print(text, markup=False, highlight=False)
        yield
        return
    with console.status(text):
        yield
