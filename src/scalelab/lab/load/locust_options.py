"""What a Locust run can be told beyond Locust's own options: one frozen model, and its command line.

Options, environment variables and help come from the model. Never imports Locust.
"""

from argparse import ArgumentParser, Namespace
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from scalelab.contracts.http_names import DATA_PATH, PROCESS_PATH
from scalelab.contracts.model import Contract
from scalelab.contracts.topology import PositiveSeconds, Seconds
from scalelab.lab.load.locust_acts import ROUTES
from scalelab.lab.load.locust_keys import KeyChoice

VARIABLE_PREFIX = "LAB_LOAD_"
PARENT_VARIABLE = "LAB_PARENT_PROCESS"
"""Process id of the laboratory that started a load; the load ends when that process has."""
DEFAULT_ANSWER_TIMEOUT_S = 160.0
"""The balancer's own limit is 150 s: it should answer before the client gives up."""


def _parsed_mix(text: object) -> object:
    if not isinstance(text, str):
        return text
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {route.strip(): weight.strip() or "1" for route, _, weight in pairs}


Mix = Annotated[dict[str, Annotated[float, Field(ge=0)]], BeforeValidator(_parsed_mix)]


class UserBehaviour(Contract):
    """How users behave, and what is recorded of it."""

    think_time_min_s: Seconds = 1.0
    """Shortest wait of a user between an answer and the next request, in seconds."""
    think_time_max_s: Seconds = 2.0
    """Longest wait; in between all values are equally likely."""
    mix: Mix = Field(default_factory=lambda: {DATA_PATH: 1.0, PROCESS_PATH: 1.0})
    """Routes and their weights, for example /data=1,/process=1; also "PUT /data", "POST /longtask"."""
    keys: KeyChoice = "any"
    """miss: no key is asked twice; hit: only keys of the hot set; any: any key."""
    records: Annotated[int, Field(ge=1)] = 100_000
    """Keys there are: 1 to this number."""
    hot_set_keys: Annotated[int, Field(ge=1)] = 20
    """Keys in the hot set."""
    draw_seed: int = 1
    """Seed of keys, routes and waits."""
    window_start_s: Seconds = 0.0
    """Start of the measured window, in seconds from the start of the load."""
    load_duration_s: Annotated[float, Field(ge=0)] = 0.0
    """End of the window and of the load; 0 takes Locust's --run-time."""
    answer_timeout_s: PositiveSeconds = DEFAULT_ANSWER_TIMEOUT_S
    """Longest silence of the system that a user puts up with."""
    longest_age_s: Seconds = 60.0
    """Oldest answer that a cache may give, in seconds: time to live and stale window."""
    has_fine_timeline: bool = False
    """Whether tenths of a second are recorded as well, to see how long a fault was felt."""
    accounts_file: str = ""
    """JSON file: a list of {username, password}, or what `scalelab status --json` prints."""
    recording_dir: str = ""
    """Directory for the laboratory's own recording; empty: none is written."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if unknown := [route for route in self.mix if route not in ROUTES]:
            raise ValueError(f"mix: {', '.join(unknown)} is none of {', '.join(ROUTES)}")
        if self.think_time_max_s < self.think_time_min_s:
            raise ValueError(
                f"think_time_max_s = {self.think_time_max_s} is below think_time_min_s = {self.think_time_min_s}"
            )
        if sum(self.mix.values()) <= 0:
            raise ValueError("mix: at least one route needs a weight above 0")
        return self


def add_options(parser: ArgumentParser) -> None:
    """Add one option for each field to Locust's parser; each can come from the environment as well."""
    group: Any = parser.add_argument_group("Laboratory options")
    for name, field in UserBehaviour.model_fields.items():
        default = field.get_default(call_default_factory=True)
        group.add_argument(
            _option(name),
            env_var=VARIABLE_PREFIX + name.upper(),
            default=_as_text(default),
            metavar="VALUE",
            help=f"{(field.description or '').replace('%', '%%')} Default: {_as_text(default) or 'none'}",
        )


def behaviour_of(options: Namespace) -> UserBehaviour:
    """What Locust's parsed options say.

    Raises:
        pydantic.ValidationError: with every fault.
    """
    return UserBehaviour.model_validate({name: getattr(options, name) for name in UserBehaviour.model_fields})


def as_arguments(behaviour: UserBehaviour) -> list[str]:
    """The same as command-line arguments. Never holds a secret."""
    values = {name: _as_text(getattr(behaviour, name)) for name in UserBehaviour.model_fields}
    return [f"{_option(name)}={value}" for name, value in values.items() if value]


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _as_text(value: object) -> str:
    if isinstance(value, dict):
        return ",".join(f"{route}={weight}" for route, weight in value.items())
    return str(value)
