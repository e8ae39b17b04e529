"""The supervisor's own log: one JSON object a line. Never a secret, never a reason to fail."""

import json
from datetime import UTC, datetime
from pathlib import Path

LOG_NAME = "supervisor"
LONGEST_LINE_CHARACTERS = 300


class EventLog:
    """Appends to one file, which others may remove at any time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def write(self, event: str, **fields: object) -> None:
        """One line. A full disk loses the line, not the stack."""
        line = json.dumps({"time": datetime.now(UTC).isoformat(), "event": event, **fields}, default=str)
        try:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError:
            return


def last_lines(file: Path, count: int = 10) -> str:
    """The last lines of a log, indented, long ones cut; says so when there is none."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    except OSError:
        lines = []
    return "\n".join(f"  {line[:LONGEST_LINE_CHARACTERS]}" for line in lines) or "  (it wrote nothing)"
