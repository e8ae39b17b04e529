"""The directory that an export fills: an empty one, whole or not at all, with a file of who may log in."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scalelab.contracts.model import Contract
from scalelab.contracts.stack_view import Account
from scalelab.deployment.errors import ConfigurationError, UnfitMachineError
from scalelab.deployment.private_files import write_private

ACCESS_NAME = "access.json"


class Access(Contract):
    """`access.json`: the generated accounts. Has passwords in it: 0600."""

    login: Account
    load_accounts: tuple[Account, ...]


@contextmanager
def filled_directory(folder: Path) -> Iterator[Path]:
    """A draft, for its owner only; what stands in it is moved to `folder` when the body has ended well.

    Raises:
        ConfigurationError: something is there already.
        UnfitMachineError: it cannot be written.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise ConfigurationError(f"{folder} is not a directory: name a new one")
        if folder.exists() and any(folder.iterdir()):
            raise ConfigurationError(f"{folder} is not empty: name a new directory, or empty that one first")
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            yield draft
            for path in draft.iterdir():
                path.rename(folder / path.name)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise UnfitMachineError(
            f"{folder} cannot be written ({error.strerror or error}): name another directory"
        ) from error


def write_access(folder: Path, access: Access, private: Sequence[str]) -> None:
    """`access.json`, and a `.gitignore` that keeps it and the `private` folders out of a repository.

    Raises:
        OSError: not writable, no space.
    """
    write_private(folder / ACCESS_NAME, access.model_dump_json(indent=1).encode())
    ignored = [ACCESS_NAME, *(f"{name}/" for name in private)]
    (folder / ".gitignore").write_text("".join(f"/{name}\n" for name in ignored), encoding="utf-8")
