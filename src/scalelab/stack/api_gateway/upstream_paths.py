"""Where the services keep what the gateway's routes are about. Pure."""

from scalelab.contracts.http_names import PROCESS_PATH
from scalelab.contracts.records import RECORDS_PATH


def record_path_of(key: int | str) -> str:
    """The record at the database service."""
    return f"{RECORDS_PATH}/{key}"


def process_path_of(key: int | str) -> str:
    """What the microservice makes of it."""
    return f"{PROCESS_PATH}?key={key}"
