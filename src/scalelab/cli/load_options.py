"""The texts of `scalelab load`'s options as a load plan. All faults are found before anything starts.

Tokens come from a file or the environment, never from the command line, and are never printed.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from scalelab.cli.load_texts import parse_arrivals, parse_header, parse_keys, parse_think, read_tokens, usage
from scalelab.lab.load.connector import CertificateFileError, read_certificates
from scalelab.lab.load.keys import KeyPlan
from scalelab.lab.load.plan import ClosedLoad, LoadPlan, OpenLoad
from scalelab.lab.load.request_file import RequestFileError, RequestMix, faults_of, read_request_file
from scalelab.lab.load.requests import RequestTemplate
from scalelab.lab.load.targets import TargetError, parse_url

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
            certificates=_certificates(options.ca_file),
            is_certificate_checked=not options.is_insecure,
            seed=options.seed,
        )
    except ValidationError as error:
        raise usage(faults_of(error, names=_FLAGS)) from error


def _refuse_empty(options: LoadOptions) -> None:
    if options.duration_s is not None and not options.duration_s > 0:
        raise usage(f"--duration must be above 0 s, not {options.duration_s:g}: nothing would be sent")
    is_replay = "replay" in options.arrivals
    if options.users is None and options.rate_per_s is None and not is_replay:
        raise usage("say how much load: --rate R (requests/s), or --closed USERS")
    if options.users is not None and options.rate_per_s is not None:
        raise usage("--rate and --closed exclude each other: users of a closed load set their own rate")
    if options.users is not None and options.users < 1:
        raise usage(f"--closed must be at least 1 user, not {options.users}: nothing would be sent")
    is_shaped = any(shape in options.arrivals for shape in ("ramp", "step", "spike"))
    if options.rate_per_s is not None and not options.rate_per_s > 0 and not is_shaped:
        raise usage(f"--rate must be above 0 requests/s, not {options.rate_per_s:g}: nothing would be sent")


def _refuse_contradictions(options: LoadOptions) -> None:
    """What would be ignored in silence."""
    if options.think is not None and options.users is None:
        raise usage("--think is for users: give --closed USERS, too")
    if options.users is not None and options.arrivals != "constant":
        raise usage("--arrivals and --closed exclude each other: users of a closed load set their own pace")
    if options.request_file is not None and options.is_verified:
        raise usage(f'--verify is for URLs given here: write proof = "content-digest" into {options.request_file}')
    if options.request_file is not None and (options.method != "GET" or options.headers or options.body):
        raise usage(f"--method, --header and --body are for URLs given here: write them into {options.request_file}")
    if options.request_file is not None and len(options.urls) > 1:
        raise usage("--requests takes at most one URL, the one that its paths stand below")


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
            raise usage(str(error)) from error
        return mix if options.keys is None else RequestMix(requests=mix.requests, keys=parse_keys(options.keys))
    if not options.urls:
        raise usage("say what to ask: a URL, or --requests FILE")
    keys = KeyPlan() if options.keys is None else parse_keys(options.keys)
    mix = RequestMix(requests=tuple(_template(url, options) for url in options.urls), keys=keys)
    if options.keys is not None and not any(template.uses_key for template in mix.requests):
        raise usage("--keys: no URL, header or body has a place for one: write {key} where it belongs")
    return mix


def _certificates(file: Path | None) -> str | None:
    try:
        return None if file is None else read_certificates(file)
    except CertificateFileError as error:
        raise usage(str(error)) from error


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
        raise usage("; ".join(_plain(fault["msg"]) for fault in error.errors())) from error


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")


def _body(text: str) -> str:
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise usage(f"cannot read the body from {text[1:]}: {reason}") from error


def _load(options: LoadOptions) -> OpenLoad | ClosedLoad:
    try:
        if options.users is not None:
            least_s, most_s = parse_think(options.think or "0")
            return ClosedLoad(users=options.users, think_time_min_s=least_s, think_time_max_s=most_s)
        return OpenLoad(rate_per_s=options.rate_per_s or 0.0, **parse_arrivals(options.arrivals))
    except ValidationError as error:
        raise usage(faults_of(error, names=_FLAGS)) from error
