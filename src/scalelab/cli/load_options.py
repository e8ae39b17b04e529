"""The texts of `scalelab load`'s options as a load plan. All faults are found before anything starts.

Tokens come from a file or the environment, never from the command line, and are never printed.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.lab.load.keys import KeyPlan
from scalelab.lab.load.plan import ClosedLoad, LoadPlan, OpenLoad
from scalelab.lab.load.request_file import RequestFileError, RequestMix, faults_of, read_request_file
from scalelab.lab.load.requests import RequestTemplate, is_secret_field
from scalelab.lab.load.targets import TargetError, parse_url

TOKEN_VARIABLE = "SCALELAB_LOAD_TOKEN"  # noqa: S105  its name, not its value
DEFAULT_CONNECTIONS = 200
DEFAULT_DURATION_S = 10.0
_AFTER_LAST_S = 0.01
_FLAGS = {
    "duration_s": "--duration",
    "warm_up_s": "--warm-up",
    "drain_limit_s": "--drain",
    "timeout_s": "--timeout",
    "connections": "--connections",
    "processes": "--processes",
    "rate_per_s": "--rate",
    "users": "--closed",
    "think_time_min_s": "--think",
    "think_time_max_s": "--think",
}
_SHAPE = re.compile(r"^(constant|poisson|ramp|steps?|spike|replay)(?::(.+))?$")
_SPIKE = re.compile(r"^([\d.]+)@([\d.]+)\+([\d.]+)$")


@dataclass(frozen=True)
class LoadOptions:
    """As typed."""

    urls: tuple[str, ...]
    rate_per_s: float | None = None
    duration_s: float | None = None
    users: int | None = None
    think: str | None = None
    arrivals: str = "constant"
    method: str = "GET"
    headers: tuple[str, ...] = ()
    body: str = ""
    is_verified: bool = False
    token_file: Path | None = None
    request_file: Path | None = None
    keys: str | None = None
    connections: int | None = None
    processes: int = 1
    timeout_s: float = 10.0
    drain_limit_s: float = 10.0
    warm_up_s: float = 0.0
    ca_file: Path | None = None
    is_insecure: bool = False
    seed: int = 1
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)


def plan_of(options: LoadOptions) -> LoadPlan:
    """The plan.

    Raises:
        CommandError: with every fault that can be told at once, exit code 2.
    """
    _refuse_empty(options)
    _refuse_contradictions(options)
    mix = _mix(options)
    load = _load(options)
    tokens = read_tokens(options.token_file, options.environment)
    try:
        return LoadPlan(
            requests=mix.requests,
            load=load,
            duration_s=_duration_s(options, load),
            warm_up_s=options.warm_up_s,
            drain_limit_s=options.drain_limit_s,
            timeout_s=options.timeout_s,
            connections=options.connections or (options.users or DEFAULT_CONNECTIONS),
            processes=options.processes,
            keys=mix.keys,
            tokens=tokens,
            ca_file=None if options.ca_file is None else options.ca_file.absolute(),
            is_certificate_checked=not options.is_insecure,
            seed=options.seed,
        )
    except ValidationError as error:
        raise _usage(faults_of(error, names=_FLAGS)) from error


def _refuse_empty(options: LoadOptions) -> None:
    if options.duration_s is not None and not options.duration_s > 0:
        raise _usage(f"--duration must be above 0 s, not {options.duration_s:g}: nothing would be sent")
    is_replay = "replay" in options.arrivals
    if options.users is None and options.rate_per_s is None and not is_replay:
        raise _usage("say how much load: --rate R (requests/s), or --closed USERS")
    if options.users is not None and options.rate_per_s is not None:
        raise _usage("--rate and --closed exclude each other: users of a closed load set their own rate")
    if options.users is not None and options.users < 1:
        raise _usage(f"--closed must be at least 1 user, not {options.users}: nothing would be sent")
    is_shaped = any(shape in options.arrivals for shape in ("ramp", "step", "spike"))
    if options.rate_per_s is not None and not options.rate_per_s > 0 and not is_shaped:
        raise _usage(f"--rate must be above 0 requests/s, not {options.rate_per_s:g}: nothing would be sent")


def _refuse_contradictions(options: LoadOptions) -> None:
    """What would be ignored in silence."""
    if options.think is not None and options.users is None:
        raise _usage("--think is for users: give --closed USERS, too")
    if options.users is not None and options.arrivals != "constant":
        raise _usage("--arrivals and --closed exclude each other: users of a closed load set their own pace")
    if options.request_file is not None and options.is_verified:
        raise _usage(f'--verify is for URLs given here: write proof = "content-digest" into {options.request_file}')
    if options.request_file is not None and (options.method != "GET" or options.headers or options.body):
        raise _usage(f"--method, --header and --body are for URLs given here: write them into {options.request_file}")
    if options.request_file is not None and len(options.urls) > 1:
        raise _usage("--requests takes at most one URL, the one that its paths stand below")


def _duration_s(options: LoadOptions, load: OpenLoad | ClosedLoad) -> float:
    """As given; a recorded schedule lasts until its last request has started."""
    if options.duration_s is not None:
        return options.duration_s
    if isinstance(load, OpenLoad) and load.offsets_s:
        return load.offsets_s[-1] + _AFTER_LAST_S
    return DEFAULT_DURATION_S


def _mix(options: LoadOptions) -> RequestMix:
    if options.request_file is not None:
        try:
            base_url = options.urls[0] if options.urls else None
            if base_url is not None:
                parse_url(base_url)
            mix = read_request_file(options.request_file, base_url)
        except (RequestFileError, TargetError) as error:
            raise _usage(str(error)) from error
        return mix if options.keys is None else RequestMix(requests=mix.requests, keys=parse_keys(options.keys))
    if not options.urls:
        raise _usage("say what to ask: a URL, or --requests FILE")
    keys = KeyPlan() if options.keys is None else parse_keys(options.keys)
    mix = RequestMix(requests=tuple(_template(url, options) for url in options.urls), keys=keys)
    if options.keys is not None and not any(template.uses_key for template in mix.requests):
        raise _usage("--keys: no URL, header or body has a place for one: write {key} where it belongs")
    return mix


def _template(url: str, options: LoadOptions) -> RequestTemplate:
    try:
        return RequestTemplate(
            url=url,
            method=options.method,
            proof="content-digest" if options.is_verified else None,
            headers=tuple(parse_header(text) for text in options.headers),
            body=_body(options.body),
        )
    except ValidationError as error:
        raise _usage("; ".join(_plain(fault["msg"]) for fault in error.errors())) from error


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")


def _body(text: str) -> str:
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise _usage(f"cannot read the body from {text[1:]}: {reason}") from error


def _load(options: LoadOptions) -> OpenLoad | ClosedLoad:
    try:
        if options.users is not None:
            least_s, most_s = parse_think(options.think or "0")
            return ClosedLoad(users=options.users, think_time_min_s=least_s, think_time_max_s=most_s)
        return OpenLoad(rate_per_s=options.rate_per_s or 0.0, **parse_arrivals(options.arrivals))
    except ValidationError as error:
        raise _usage(faults_of(error, names=_FLAGS)) from error


def parse_header(text: str) -> tuple[str, str]:
    """`Name: value`; `@FILE` as the value reads it from a file.

    Raises:
        CommandError: it is none, or a secret in plain sight.
    """
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or not name:
        raise _usage(f"--header {text!r} is no header: write 'Name: value'")
    if value.startswith("@"):
        return name, read_secret(Path(value[1:]))
    if is_secret_field(name):
        raise _usage(
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
        raise _usage(f"--think {text!r}: write MIN-MAX in seconds, for example 1-2") from error


def parse_arrivals(text: str) -> dict[str, Any]:
    """`poisson`, `ramp:500`, `steps:200,400`, `spike:900@3+2`, `replay:FILE`; joined with + to poisson.

    Raises:
        CommandError: there is no such shape.
    """
    is_poisson = text.startswith("poisson+")
    match = _SHAPE.match(text.removeprefix("poisson+"))
    if match is None:
        raise _usage(
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
        raise _usage(f"--arrivals {text!r}: {argument!r} is not what {shape} needs") from error
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
        raise _usage(f"--keys {text!r}: there are uniform:N, unique:N, zipf:N:EXPONENT, hot_set:N:HOT:SHARE")
    fields = dict(zip(names, numbers, strict=False))
    try:
        return KeyPlan.model_validate({"distribution": distribution.replace("-", "_"), **fields})
    except ValidationError as error:
        raise _usage(f"--keys {text!r}: {faults_of(error)}") from error


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
        raise _usage(f"{file} holds no token")
    for number, token in enumerate(tokens, 1):
        if not token.isascii() or not token.isprintable() or " " in token:
            raise _usage(f"{file}: token {number} holds a blank or a character that no token has")
    return tokens


def read_secret(file: Path) -> str:
    """A header's value, from a file.

    Raises:
        CommandError: it cannot be read, or is empty.
    """
    value = _read(file).strip()
    if not value:
        raise _usage(f"{file} is empty")
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
                raise _usage(f"{file}: line {number + 1} is no number of seconds") from error
    return tuple(offsets)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise _usage(f"cannot read {file}: {reason}") from error


def _usage(message: str) -> CommandError:
    return CommandError(message, ExitCode.USAGE)
