"""What a capacity is asked of: a URL as it stands, or a running stack with its accounts and its cache."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from scalelab.cli.admin_ports import demand_admin_ports
from scalelab.cli.errors import CommandError
from scalelab.cli.exit_codes import ExitCode
from scalelab.cli.load_options import LoadOptions
from scalelab.contracts.http_names import DATA_PATH, PROCESS_PATH
from scalelab.contracts.stack_view import StackView
from scalelab.deployment.attach import attach
from scalelab.lab.load.keys import KeyPlan
from scalelab.lab.load.locust_accounts import log_in
from scalelab.lab.load.locust_keys import hot_set
from scalelab.lab.load.plan import LoadPlan, OpenLoad
from scalelab.lab.load.requests import RequestTemplate
from scalelab.lab.preparation import fill_cache, flush_cache, wait_until_quiet
from scalelab.lab.system_client import SystemAnswerError, SystemClient

ROUTES = (DATA_PATH, PROCESS_PATH)
HOT_KEYS = 20


@dataclass(frozen=True)
class CapacityTarget:
    """What every trial asks for, and how the system is brought back before each."""

    plan: LoadPlan
    prepare: Callable[[], None] = lambda: None


def stack_target(name: str, cache: Literal["miss", "hit"], options: LoadOptions) -> CapacityTarget:
    """A running stack, half `/data` and half `/process`.

    Raises:
        CommandError: nobody can log in, or its metrics cannot be read.
    """
    view = attach(name).view()
    demand_admin_ports(view)
    records = view.topology.database.records
    hot = hot_set(records, min(HOT_KEYS, records), options.seed)
    is_hit = cache == "hit"
    try:
        tokens = log_in(SystemClient(view.url), view.accounts_to_ask_as)
    except SystemAnswerError as error:
        raise CommandError(f"the stack {name!r} lets nobody in: {error}", ExitCode.UNEXPECTED) from error
    plan = LoadPlan(
        requests=tuple(
            RequestTemplate(
                name=route,
                url=f"{view.url}{route}?key={{key}}",
                proof="record" if route == DATA_PATH else "process",
                longest_age_s=view.topology.api_gateway.cache_ttl_s,
            )
            for route in ROUTES
        ),
        load=OpenLoad(rate_per_s=options.rate_per_s or 1.0),
        duration_s=1.0,
        timeout_s=options.timeout_s,
        connections=options.connections or 1,
        processes=options.processes,
        keys=KeyPlan(distribution="listed", listed=hot) if is_hit else KeyPlan(distribution="unique", count=records),
        tokens=tokens,
        seed=options.seed,
    )
    return CapacityTarget(plan, lambda: _prepare(view, hot if is_hit else ()))


def _prepare(view: StackView, hot: tuple[int, ...]) -> None:
    wait_until_quiet(view)
    flush_cache(view)
    if hot:
        fill_cache(view, [f"{route}?key={key}" for route in ROUTES for key in hot])
