"""The texts of a load's options, read one by one. Every fault is told with what could stand there."""

import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.lab.load.keys import KeyPlan
from scalelab.lab.load.request_file import faults_of
from scalelab.lab.load.requests import is_secret_field

TOKEN_VARIABLE = "SCALELAB_LOAD_TOKEN"  # noqa: S105  its name, not its value
_SHAPE = re.compile(r"^(constant|poisson|ramp|steps?|spike|replay)(?::(.+))?$")
_SPIKE = re.compile(r"^([\d.]+)@([\d.]+)\+([\d.]+)$")


def parse_header(text: str) -> tuple[str, str]:
    """`Name: value`; `@FILE` as the value reads it from a file.

    Raises:
        CommandError: it is none, or a secret in plain sight.
    """
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or not name:
        raise usage(f"--header {text!r} is no header: write 'Name: value'")
    if value.startswith("@"):
        return name, read_secret(Path(value[1:]))
    if is_secret_field(name):
        raise usage(
            f"--header {name}: other users of this machine can read the command line; "
            f"write --header '{name}: @FILE', or give tokens with --token-file"
        )
    return name, value


def parse_think(text: str) -> tuple[float, float]:
    """`1-2` or `1.5`, in seconds.

    Raises:
        CommandError: it is neither.
    """
    least, dash, most = text.partition("-")
    try:
        least_s = float(least)
        return least_s, float(most) if dash else least_s
    except ValueError as error:
        raise usage(f"--think {text!r}: write MIN-MAX in seconds, for example 1-2") from error


def parse_arrivals(text: str) -> dict[str, Any]:
    """`poisson`, `ramp:500`, `steps:200,400`, `spike:900@3+2`, `replay:FILE`; joined with + to poisson.

    Raises:
        CommandError: there is no such shape.
    """
    is_poisson = text.startswith("poisson+")
    match = _SHAPE.match(text.removeprefix("poisson+"))
    if match is None:
        raise usage(
            f"--arrivals {text!r}: there are constant, poisson, ramp:TO_RATE, steps:RATE,RATE,..., "
            f"spike:PEAK@START+LENGTH, replay:FILE; poisson+... makes a shape random"
        )
    shape, argument = match.group(1), match.group(2) or ""
    if shape == "poisson":
        return {"is_poisson": True}
    if shape == "replay":
        return {"shape": "replay", "offsets_s": read_schedule(Path(argument))}
    try:
        fields = _shape_fields(shape, argument)
    except ValueError as error:
        raise usage(f"--arrivals {text!r}: {argument!r} is not what {shape} needs") from error
    return {**fields, "is_poisson": is_poisson}


def _shape_fields(shape: str, argument: str) -> dict[str, Any]:
    if shape == "ramp":
        return {"shape": "ramp", "rates_per_s": (float(argument),)}
    if shape.startswith("step"):
        return {"shape": "steps", "rates_per_s": tuple(float(rate) for rate in argument.split(","))}
    if shape == "spike":
        match = _SPIKE.match(argument)
        if match is None:
            raise ValueError(argument)
        peak, start_s, length_s = map(float, match.groups())
        return {"shape": "spike", "rates_per_s": (peak,), "spike_start_s": start_s, "spike_length_s": length_s}
    return {}


def parse_keys(text: str) -> KeyPlan:
    """`uniform:N`, `unique:N`, `zipf:N:EXPONENT`, `hot_set:N:HOT:SHARE`.

    Raises:
        CommandError: it is none of them.
    """
    distribution, *numbers = text.split(":")
    names = {
        "uniform": ("count",),
        "unique": ("count",),
        "zipf": ("count", "exponent"),
        "hot_set": ("count", "hot_keys", "hot_share"),
    }.get(distribution.replace("-", "_"))
    if names is None or len(numbers) > len(names):
        raise usage(f"--keys {text!r}: there are uniform:N, unique:N, zipf:N:EXPONENT, hot_set:N:HOT:SHARE")
    fields = dict(zip(names, numbers, strict=False))
    try:
        return KeyPlan.model_validate({"distribution": distribution.replace("-", "_"), **fields})
    except ValidationError as error:
        raise usage(f"--keys {text!r}: {faults_of(error)}") from error


def read_tokens(file: Path | None, environment: dict[str, str]) -> tuple[str, ...]:
    """One token a line, one line a user; without a file, the one in the environment, if any.

    Raises:
        CommandError: the file cannot be read, is empty, or holds what is no token.
    """
    if file is None:
        token = environment.get(TOKEN_VARIABLE, "").strip()
        return (token,) if token else ()
    tokens = tuple(line.strip() for line in _read(file).splitlines() if line.strip())
    if not tokens:
        raise usage(f"{file} holds no token")
    for number, token in enumerate(tokens, 1):
        if not token.isascii() or not token.isprintable() or " " in token:
            raise usage(f"{file}: token {number} holds a blank or a character that no token has")
    return tokens


def read_secret(file: Path) -> str:
    """A header's value, from a file.

    Raises:
        CommandError: it cannot be read, or is empty.
    """
    value = _read(file).strip()
    if not value:
        raise usage(f"{file} is empty")
    return value


def read_schedule(file: Path) -> tuple[float, ...]:
    """Start offsets in seconds, one a line; a first line that is no number is a heading.

    Raises:
        CommandError: it cannot be read, or a line is no number.
    """
    lines = [line.strip().rstrip(",") for line in _read(file).splitlines() if line.strip()]
    offsets = []
    for number, line in enumerate(lines):
        try:
            offsets.append(float(line))
        except ValueError as error:
            if number:
                raise usage(f"{file}: line {number + 1} is no number of seconds") from error
    return tuple(offsets)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise usage(f"cannot read {file}: {reason}") from error


def usage(message: str) -> CommandError:
    """One line, exit code 2."""
    return CommandError(message, ExitCode.USAGE)
