"""Why containers did not come up, in their own words: from the logs that were kept."""

import contextlib
import re
from collections.abc import Mapping, Sequence

from scalelab.deployment.state_directory import StackDirectory

_ERROR = re.compile(r'"level": "(error|critical)"|\[ALERT\]')


def last_words(directory: StackDirectory, complaints: Mapping[str, str]) -> str:
    """One line about all; empty when nobody has said anything.

    Args:
        directory: of the stack, with its logs.
        complaints: instances that were not healthy, with what the engine says of each; empty where it says nothing.
    """
    said = {instance: words or _spoken(directory, instance) for instance, words in complaints.items()}
    return "; ".join(f"{instance} was not healthy: {words}" for instance, words in said.items() if words)


def _spoken(directory: StackDirectory, instance: str) -> str:
    with contextlib.suppress(OSError):
        lines = directory.log_file(instance).read_text(encoding="utf-8", errors="replace").splitlines()
        spoken = [line.strip() for line in lines if line.strip()]
        if spoken:
            return _reason_in(spoken)
    return ""


def _reason_in(lines: Sequence[str]) -> str:
    """The first error after the last start: a farewell comes after the reason. Without one, the last line."""
    starts = [place for place, line in enumerate(lines) if '"event": "Starting ' in line]
    errors = (line for line in lines[starts[-1] if starts else 0 :] if _ERROR.search(line))
    return next(errors, lines[-1])
