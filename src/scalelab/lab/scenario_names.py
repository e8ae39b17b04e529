"""What a cell of the grid is called: in files, and for people. Pure."""

import re
from collections.abc import Mapping

from scalelab.contracts.topology import Topology
from scalelab.lab.experiment import Load, Scalar

GATEWAYS = "gateways"
CACHE = "cache"
ROUTE = "route"
"""Users do nothing else."""
_TABLE_AND_SETTING = 2
_NAMES_BY_TABLE = {
    "load": frozenset(Load.model_fields),
    **{
        table: frozenset(field.annotation.model_fields)
        for table, field in Topology.model_fields.items()
        if field.annotation is not None and hasattr(field.annotation, "model_fields")
    },
}


def scenario_name(cell: Mapping[str, Scalar]) -> str:
    """`results_1_gateway_miss`, `results_3_gateways_hit`; further factors as a slug behind."""
    parts = [_factor_slug(name, value) for name, value in cell.items()]
    return "_".join(["results", *parts]) if parts else "results"


def scenario_title(cell: Mapping[str, Scalar]) -> str:
    """For people: `3 gateways, miss`."""
    return ", ".join(_factor_title(name, value) for name, value in cell.items()) or "as described"


def _factor_title(name: str, value: Scalar) -> str:
    if name == GATEWAYS:
        return f"{value} gateway" if value == 1 else f"{value} gateways"
    if name in {CACHE, ROUTE}:
        return str(value)
    shown = (
        ("on" if value else "off") if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else value
    )
    return f"{short_factor(name)} = {shown}"


def short_factor(name: str) -> str:
    """The setting's own name; with its table where several have a setting of that name."""
    path = name.removeprefix("topology.").split(".")
    is_ambiguous = sum(path[-1] in names for names in _NAMES_BY_TABLE.values()) > 1
    return ".".join(path[-2:]) if is_ambiguous or len(path) > _TABLE_AND_SETTING else path[-1]


def _factor_slug(name: str, value: Scalar) -> str:
    shown = _factor_title(name, value) if name in (GATEWAYS, CACHE, ROUTE) else f"{name.rpartition('.')[2]} {value}"
    return re.sub(r"[^A-Za-z0-9.-]+", "_", shown).strip("_")
