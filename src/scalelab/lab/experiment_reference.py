"""The tables of `docs/reference/experiment-file.md`, from the models alone. Touches nothing outside their markers.

`python -m scalelab.lab.experiment_reference FILE` brings a file up to date.
"""

from pydantic import BaseModel

from scalelab.contracts.faults import Fault
from scalelab.contracts.topology import Topology
from scalelab.lab.experiment import Experiment, Load, Quick, Verify, WarmUp
from scalelab.lab.reference_tables import model_table, rewrite_page, with_tables

TABLES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("", Experiment),
    ("load", Load),
    ("warm_up", WarmUp),
    ("verify", Verify),
    ("quick", Quick),
    ("[faults]", Fault),
    ("topology", Topology),
)


def reference_text() -> str:
    """Every table as Markdown. Routes of one's own have a page of their own."""
    parts = [model_table(name, model) for name, model in TABLES]
    kinds = {name: field.annotation for name, field in Topology.model_fields.items()}
    topology = [
        model_table(f"topology.{name}", kind)
        for name, kind in kinds.items()
        if isinstance(kind, type) and issubclass(kind, BaseModel)
    ]
    return "\n".join([*parts, *topology])


def up_to_date(document: str) -> str:
    """The document with fresh tables between its markers."""
    return with_tables(document, reference_text())


if __name__ == "__main__":
    rewrite_page(up_to_date)
