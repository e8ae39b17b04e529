"""Files for their owner only (0600), whole or not at all."""

import os
from pathlib import Path

PRIVATE_MODE = 0o600


def write_private(path: Path, content: bytes) -> None:
    """Put `content` at `path`, readable by the owner only from its first byte on; replaces atomically.

    Raises:
        OSError: not writable, no space.
    """
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
