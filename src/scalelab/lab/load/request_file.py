"""A mix of requests as TOML: what is asked, how often, with which keys. All faults are reported together. Pure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urljoin

from pydantic import Field, ValidationError

from scalelab.contracts.model import Contract
from scalelab.contracts.toml_text import parse_toml
from scalelab.lab.correctness.proofs import ProofKind
from scalelab.lab.load.keys import KeyPlan
from scalelab.lab.load.requests import RequestTemplate


class RequestFileError(Exception):
    """Raised when a request file cannot be used; the message lists every fault with its key."""


class _Entry(Contract):
    name: str = ""
    url: str = ""
    path: str = ""
    """Instead of `url`: below the URL of the command line."""
    method: str = "GET"
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    weight: Annotated[float, Field(gt=0)] = 1.0
    takes_token: bool = True
    proof: ProofKind | None = None


class _Document(Contract):
    request: Annotated[tuple[_Entry, ...], Field(min_length=1)]
    keys: KeyPlan = KeyPlan()


class RequestMix(Contract):
    """What a request file says."""

    requests: tuple[RequestTemplate, ...]
    keys: KeyPlan


def read_request_file(file: Path, base_url: str | None) -> RequestMix:
    """Read and check a request file.

    Args:
        file: TOML with `[[request]]` tables and a `[keys]` table.
        base_url: what a `path` stands below.

    Raises:
        RequestFileError: it cannot be read or has faults.
    """
    try:
        document = parse_toml(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RequestFileError(f"cannot read {file}: {error.strerror}") from error
    except ValueError as error:
        raise RequestFileError(f"{file} is no TOML: {error}") from error
    return parse_requests(document, str(file), base_url)


def parse_requests(document: dict[str, Any], source: str, base_url: str | None) -> RequestMix:
    """See `read_request_file`."""
    try:
        parsed = _Document.model_validate(document)
    except ValidationError as error:
        raise RequestFileError(f"{source}: {faults_of(error)}") from error
    faults, templates = [], []
    for number, entry in enumerate(parsed.request):
        try:
            templates.append(_template(entry, base_url))
        except ValidationError as error:
            faults.append(faults_of(error, f"request.{number}."))
        except ValueError as error:
            faults.append(f"request.{number}: {error}")
    if faults:
        raise RequestFileError(f"{source}: {'; '.join(faults)}")
    return RequestMix(requests=tuple(templates), keys=parsed.keys)


def faults_of(error: ValidationError, prefix: str = "", names: Mapping[str, str] | None = None) -> str:
    """Every fault with its key, in one line; values are left out, because they may be secrets.

    Args:
        error: of a model.
        prefix: of the keys.
        names: what keys are called where the reader wrote them.
    """
    faults = []
    for fault in error.errors(include_url=False, include_input=False):
        key = ".".join(map(str, fault["loc"]))
        key = (names or {}).get(key, key)
        faults.append(f"{prefix}{key}: {fault['msg'].removeprefix('Value error, ')}" if key else fault["msg"])
    return "; ".join(fault.removeprefix("Value error, ") for fault in faults)


def _template(entry: _Entry, base_url: str | None) -> RequestTemplate:
    if bool(entry.url) == bool(entry.path):
        raise ValueError("needs either url or path")
    if entry.path and base_url is None:
        raise ValueError("has a path, which needs a URL on the command line to stand below")
    base = base_url or ""
    url = entry.url or urljoin(base if "://" in base else f"http://{base}", entry.path)
    fields = entry.model_dump(exclude={"url", "path", "headers"})
    return RequestTemplate(url=url, headers=tuple(entry.headers.items()), **fields)
