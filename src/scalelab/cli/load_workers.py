"""The options that name load workers, as several verbs have them."""

from pathlib import Path
from typing import Annotated

import typer

from scalelab.cli.load_texts import usage
from scalelab.lab.load.workers.addresses import AddressError, Workers, parse_addresses
from scalelab.lab.load.workers.trust import SecretFileError, read_shared_secret

WorkersOption = Annotated[
    str | None,
    typer.Option(
        "--workers", metavar="HOST:PORT,...", help="Machines that make the load: each runs scalelab load-worker."
    ),
]
WorkersSecretOption = Annotated[
    Path | None, typer.Option("--workers-secret-file", metavar="FILE", help="What the workers know us by (0600).")
]


def workers_of(text: str | None, secret_file: Path | None) -> Workers | None:
    """The workers; None: this machine makes the load.

    Raises:
        CommandError: an address is none, or the file cannot serve.
    """
    if text is None:
        if secret_file is not None:
            raise usage("--workers-secret-file is for workers: give --workers HOST:PORT, too")
        return None
    try:
        return Workers(parse_addresses(text), secret_of(secret_file))
    except AddressError as error:
        raise usage(f"--workers {error}") from error


def processes_of(workers: Workers | None, each: int) -> int:
    """Generator processes in all, with so many on each machine."""
    return each if workers is None else each * len(workers.addresses)


def secret_of(file: Path | None) -> str:
    """What the file holds; nothing without one.

    Raises:
        CommandError: the file cannot serve.
    """
    try:
        return "" if file is None else read_shared_secret(file)
    except SecretFileError as error:
        raise usage(str(error)) from error
