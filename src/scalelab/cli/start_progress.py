"""Shows a stack coming up: a moving line on a terminal, one plain line otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from rich.console import Console

from scalelab.deployment.progress import OnProgress, Progress, ignore_progress


@contextmanager
def start_progress(name: str, console: Console) -> Iterator[OnProgress]:
    """Give a callback for `LocalStack`, while the stack `name` starts."""
    if not console.is_terminal:
        console.print(f"starting stack {name!r} ...", markup=False, highlight=False)
        yield ignore_progress
        return
    with console.status(f"starting stack {name!r} ...") as status:
        starting: dict[str, None] = {}
        lock = Lock()

        def show(progress: Progress) -> None:
            with lock:
                if progress.state == "starting":
                    starting[progress.instance] = None
                else:
                    starting.pop(progress.instance, None)
                waiting = f", waiting for {', '.join(starting)}" if starting else ""
                status.update(f"starting stack {name!r}: {progress.ready} of {progress.total} ready{waiting}")

        yield show
