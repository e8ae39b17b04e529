"""The dashboard as verbs put it up: how it is asked for, where it is, and what to say when it cannot be."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.playable_stack import AnyStack, PlayableStack
from scalelab.cli.run_progress import RunDisplay
from scalelab.lab.runner import RunProgress
from scalelab.lab.system import SystemGoneError
from scalelab.lab.watch.acts import PlayableSystem
from scalelab.lab.watch.serving import LOOPBACK, Dashboard, serving
from scalelab.lab.watch.watched_run import WatchedRun


@contextmanager
def dashboard(find: Callable[[], PlayableSystem], host: str = LOOPBACK, port: int = 0) -> Iterator[Dashboard]:
    """A dashboard that is up inside the block.

    Raises:
        CommandError: it cannot listen there.
    """
    with ExitStack() as held:
        try:
            shown = held.enter_context(serving(find, host=host, port=port))
        except OSError as error:
            raise CommandError(
                f"the dashboard cannot listen on {host}:{port} ({error.strerror or error}): give another --host or "
                f"--port",
                ExitCode.USAGE,
            ) from error
        yield shown


def print_access(shown: Dashboard) -> None:
    """How to open it."""
    print(f"Dashboard  {shown.url_to_play}")
    print(f"  Whoever opens {shown.url} without the token sees the same and can change nothing.", flush=True)


@contextmanager
def watched_stack(stack: AnyStack) -> Iterator[None]:
    """A dashboard over a stack of our own, and how to open it printed."""
    with dashboard(lambda: PlayableStack(stack)) as shown:
        print_access(shown)
        yield


@contextmanager
def watched_run(experiment: str, stack: Callable[[], AnyStack | None], display: RunDisplay) -> Iterator[RunProgress]:
    """A dashboard over a run, which nobody can play: whoever is told of the run inside the block."""

    def find() -> PlayableSystem:
        current = stack()
        if current is None:
            raise SystemGoneError("the run has no stack up at the moment")
        return PlayableStack(current, refusal="a run is being measured: an act would spoil it")

    with dashboard(find) as shown:
        print(f"Dashboard  {shown.url}", flush=True)
        run = WatchedRun(experiment, display, lambda state: shown.tell("run", state))
        try:
            yield run
        finally:
            run.over()
