"""Takes passwords out of URLs before anything is written. Pure."""

import re
from typing import Any

_PASSWORD = re.compile(r"(?<=://)([^/@:\s]*):[^/@\s]*@")


def without_passwords(document: Any) -> Any:
    """The same document; `redis://user:secret@host` becomes `redis://user:***@host`."""
    if isinstance(document, dict):
        return {key: without_passwords(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [without_passwords(value) for value in document]
    return _PASSWORD.sub(r"\1:***@", document) if isinstance(document, str) else document
