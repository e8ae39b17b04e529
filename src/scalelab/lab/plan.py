"""From an experiment to its scenarios: the grid of its factors, in order, each with its own topology and load.

Pure. All faults are found here, before anything starts.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise, product
from random import Random
from typing import Any, Literal, TypeVar, get_args

from pydantic import ValidationError

from scalelab.contracts.document_faults import validation_faults
from scalelab.contracts.faults import Fault
from scalelab.contracts.model import Contract
from scalelab.contracts.topology import Topology
from scalelab.lab.experiment import Experiment, Load, RouteName, Scalar, WarmUp, quick_document
from scalelab.lab.experiment_faults import experiment_error
from scalelab.lab.fractions import fraction_fault, keeps
from scalelab.lab.scenario_names import CACHE, GATEWAYS, ROUTE, scenario_name, scenario_title

CacheState = Literal["miss", "hit"]
LEAST_SWEPT = 2
_TABLES = ("topology", "load", "warm_up")
ModelT = TypeVar("ModelT", Topology, Load, WarmUp)


class Scenario(Contract):
    """One cell of the grid, ready to run."""

    name: str
    """Also the prefix of the CSV files."""
    title: str
    """For people."""
    factors: dict[str, Scalar]
    """The experiment's factors, each with this scenario's level."""
    cache: CacheState | None
    """Whether all answers are to come from the cache, or none; null: left open."""
    topology: Topology
    load: Load
    warm_up: WarmUp
    faults: tuple[Fault, ...] = ()
    seed: int
    """Of this scenario's random choices."""

    @property
    def gateways(self) -> int:
        """How many there are."""
        return self.topology.api_gateway.replicas


class Plan(Contract):
    """What will be run, in order."""

    experiment: Experiment
    scenarios: tuple[Scenario, ...]
    verifying: tuple[Scenario, ...] = ()
    """Run after the others of a block, when they have been predicted from them."""

    @property
    def is_randomised(self) -> bool:
        """A single pass keeps the experiment's order: there is nothing that another pass could balance."""
        return self.experiment.repeat > 1

    def block(self, repetition: int) -> tuple[Scenario, ...]:
        """Every scenario once. In random order, so that a drift of the machine does not favour one of them."""
        if not self.is_randomised:
            return (*self.scenarios, *self.verifying)
        draws = Random(f"order {self.experiment.seed} {repetition}")  # noqa: S311  an order that can be had again
        groups = (self.scenarios, self.verifying)
        return tuple(scenario for group in groups for scenario in draws.sample(group, len(group)))

    def order(self) -> tuple[tuple[int, Scenario], ...]:
        """(repetition, scenario), block by block."""
        repetitions = range(1, self.experiment.repeat + 1)
        return tuple((repetition, scenario) for repetition in repetitions for scenario in self.block(repetition))


def make_plan(
    document: Mapping[str, Any],
    source: str,
    *,
    is_quick: bool = False,
    is_verify: bool = False,
    chosen: Collection[str] = frozenset(),
    only: Sequence[str] = (),
    known_faults: Sequence[str] = (),
) -> Plan:
    """The plan of an experiment's document.

    Args:
        document: as read from TOML.
        source: its name, for messages.
        is_quick: apply its `[quick]` table.
        chosen: paths of fields, such as `load.users`, that were set by hand: `[quick]` leaves them alone.
        is_verify: add the scenarios of its `[verify]` table.
        only: names of the scenarios to run; all of them if empty.
        known_faults: found before; reported together with ours.

    Raises:
        ExperimentError: with every fault.
    """
    try:
        experiment = Experiment.model_validate(document)
        if is_quick:
            document = quick_document(document, experiment.quick, chosen)
            experiment = Experiment.model_validate(document)
    except ValidationError as error:
        faults = [*known_faults, *validation_faults(error, document, Experiment), *_factor_faults(document)]
        raise experiment_error(source, faults) from error
    fault = fraction_fault(experiment.factors, experiment.fraction)
    if fault:
        raise experiment_error(source, [*known_faults, fault])
    faults = [*known_faults]
    scenarios = [
        scenario for cell in _cells(experiment) for scenario in _scenario(experiment, document, cell, faults)
    ]
    scenarios = _chosen(scenarios, only, faults)
    verifying = _verifying(experiment, document, faults) if is_verify else []
    if faults:
        raise experiment_error(source, faults)
    return Plan(experiment=experiment, scenarios=tuple(scenarios), verifying=tuple(verifying))


def _factor_faults(document: Mapping[str, Any]) -> list[str]:
    """What is wrong with the factors themselves, even when the rest cannot be read."""
    factors = document.get("factors", {})
    if not isinstance(factors, Mapping):
        return []
    tables = {name: _copy(document.get(name, {})) for name in _TABLES}
    pairs = [(name, value) for name, values in factors.items() if isinstance(values, list) for value in values]
    return [fault for fault in (_apply(tables, name, value) for name, value in pairs) if fault]


def _cells(experiment: Experiment) -> Iterator[dict[str, Scalar]]:
    names = list(experiment.factors)
    for values in product(*experiment.factors.values()):
        cell = dict(zip(names, values, strict=True))
        if keeps(cell, experiment.factors, experiment.fraction):
            yield cell


def _verifying(experiment: Experiment, document: Mapping[str, Any], faults: list[str]) -> list[Scenario]:
    """The cells of the sizes to verify, everything else as in the sweep."""
    swept = experiment.factors.get(GATEWAYS, ())
    if experiment.verify is None:
        faults.append("--verify needs a table [verify] with the numbers of gateways, e.g. gateways = [4, 5]")
        return []
    if len(swept) < LEAST_SWEPT:
        faults.append(f"[verify] needs factors.gateways with at least {LEAST_SWEPT} numbers to learn from")
        return []
    if twice := [size for size in experiment.verify.gateways if size in swept]:
        faults.append(
            f"verify.gateways: {', '.join(map(str, twice))} is in factors.gateways, too: predict what is new"
        )
        return []
    sizes = experiment.model_copy(update={"factors": {**experiment.factors, GATEWAYS: experiment.verify.gateways}})
    return [scenario for cell in _cells(sizes) for scenario in _scenario(experiment, document, cell, faults)]


def _scenario(
    experiment: Experiment, document: Mapping[str, Any], cell: dict[str, Scalar], faults: list[str]
) -> list[Scenario]:
    """One scenario, or none and its faults in the list."""
    tables = {name: _copy(document.get(name, {})) for name in _TABLES}
    before = len(faults)
    for factor, value in cell.items():
        fault = _apply(tables, factor, value)
        if fault:
            faults.append(fault)
    topology = _validated(Topology, tables, "topology", faults)
    load = _validated(Load, tables, "load", faults)
    warm_up = _validated(WarmUp, tables, "warm_up", faults)
    if len(faults) > before or topology is None or load is None or warm_up is None:
        return []
    cache: CacheState | None = "hit" if cell.get(CACHE) == "hit" else "miss" if CACHE in cell else None
    scenario = Scenario(
        name=scenario_name(cell),
        title=scenario_title(cell),
        factors=cell,
        cache=cache,
        topology=topology,
        load=load,
        warm_up=warm_up,
        faults=experiment.faults,
        seed=experiment.seed,
    )
    faults.extend(impossibilities(scenario))
    return [scenario]


def _apply(tables: dict[str, Any], factor: str, value: Scalar) -> str:
    """Put a factor's value where it belongs; what is wrong with that, or nothing."""
    if factor == CACHE:
        return "" if value in ("miss", "hit") else f"factors.cache: {value!r} is neither 'miss' nor 'hit'"
    if factor == ROUTE:
        if value not in get_args(RouteName):
            return f"factors.route: {value!r} is none of {', '.join(get_args(RouteName))}"
        tables["load"]["mix"] = {value: 1.0}
        return ""
    path = ["topology", "api_gateway", "replicas"] if factor == GATEWAYS else factor.split(".")
    if path[0] not in _TABLES or len(path) == 1 or not all(path):
        return (
            f"factors.{factor}: there is no such factor; use gateways, cache, or a path such as "
            f"topology.cache.engine or load.users"
        )
    table = tables
    for part in path[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            return f"factors.{factor}: {part} is a value, not a table"
    table[path[-1]] = value
    return ""


def _validated(model: type[ModelT], tables: Mapping[str, Any], name: str, faults: list[str]) -> ModelT | None:
    try:
        return model.model_validate(tables[name])
    except ValidationError as error:
        faults.extend(validation_faults(error, tables[name], model, prefix=name))
        return None


def impossibilities(scenario: Scenario) -> list[str]:
    """What cannot be done with this scenario, with the arithmetic."""
    load, records = scenario.load, scenario.topology.database.records
    faults = []
    if load.hot_set_keys > records:
        faults.append(f"load.hot_set_keys = {load.hot_set_keys} is more than topology.database.records = {records}")
    if scenario.cache == "hit" and scenario.topology.api_gateway.cache_ttl_s == 0:
        faults.append(f"topology.api_gateway.cache_ttl_s = 0 caches nothing, but {scenario.title!r} is to hit")
    if load.key_count > records:
        faults.append(f"load.key_count = {load.key_count} is more than topology.database.records = {records}")
    lifetime_s = scenario.topology.api_gateway.token_lifetime_s
    if load.duration_s + load.drain_limit_s > lifetime_s:  # a user logs in once, before the load
        faults.append(
            f"load.duration_s = {load.duration_s:g} and load.drain_limit_s = {load.drain_limit_s:g} are longer than "
            f"a token lives: set topology.api_gateway.token_lifetime_s, which is {lifetime_s:g}, above their sum"
        )
    faults += fault_impossibilities(scenario)
    most = most_requests(load)
    if scenario.cache == "miss" and most is not None and most > records:
        faults.append(
            f"topology.database.records = {records} are too few for {scenario.title!r}: each request needs a key of "
            f"its own, and {_most_requests_text(load)} = {most}: raise the records or shorten the load"
        )
    return faults


def fault_impossibilities(scenario: Scenario) -> list[str]:
    """What cannot be done to the system while this load runs."""
    load = scenario.load
    told = [
        f"faults: {fault.what} at {fault.at_s:g} s is not over before the load ends at {load.duration_s:g} s"
        for fault in scenario.faults
        if fault.at_s + fault.duration_s >= load.duration_s
    ]
    told += [
        f"faults: {after.what} at {after.at_s:g} s begins before {before.what} is over: give them in order"
        for before, after in pairwise(scenario.faults)
        if after.at_s < before.at_s + before.duration_s
    ]
    return told


def most_requests(load: Load) -> int | None:
    """Requests that are sent if every answer comes at once; None when users do not think."""
    if not load.is_closed:
        return round(max(load.rate_per_s or 0.0, *load.rates_per_s, 0.0) * load.duration_s)
    if load.think_time_mean_s == 0:
        return None
    return round(load.users * (load.duration_s / load.think_time_mean_s + 1))


def _most_requests_text(load: Load) -> str:
    if not load.is_closed:
        return f"rate_per_s x duration_s at the highest rate x {load.duration_s:g}"
    return (
        f"users x (duration_s / mean think time + 1) = {load.users} x ({load.duration_s:g} / "
        f"{load.think_time_mean_s:g} + 1)"
    )


def _chosen(scenarios: list[Scenario], only: Sequence[str], faults: list[str]) -> list[Scenario]:
    names = [scenario.name for scenario in scenarios]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        faults.append(f"factors: several scenarios would be called {', '.join(twice)}")
    if unknown := [name for name in only if name not in names] if not faults else []:
        faults.append(f"--only {', '.join(unknown)}: there is no such scenario; there are {', '.join(names)}")
    return [scenario for scenario in scenarios if not only or scenario.name in only]


def _copy(table: Any) -> Any:
    return {key: _copy(value) for key, value in table.items()} if isinstance(table, Mapping) else table
