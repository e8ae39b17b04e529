"""`scalelab status`: the running stack, for people or as JSON."""

from collections.abc import Sequence

from scalelab.cli.options import AsJson, StackName
from scalelab.contracts.stack_view import ServiceView
from scalelab.deployment.attach import attach

HEADINGS = ("instance", "state", "process", "URL", "admin URL")
HEADINGS_ON_NODES = ("instance", "state", "node")


def status(name: StackName = "default", as_json: AsJson = False) -> None:
    """Show the running stack; exit code 1 when there is none."""
    view = attach(name).view()
    if as_json:
        print(view.model_dump_json(indent=2))
        return
    print(f"Stack {view.name!r} is {'ready' if view.ready else 'not ready'}.")
    print(f"  URL       {view.url}")
    print(f"  user      {view.login.username}")
    print(f"  password  {view.login.password}")
    for line in aligned(_table(view.services)):
        print(line)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with columns below one another, whole whatever the terminal's width: they are to be copied."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _table(services: Sequence[ServiceView]) -> list[Sequence[str]]:
    """Where containers run on several machines, neither processes nor addresses mean anything here."""
    if any(service.node for service in services):
        return [HEADINGS_ON_NODES, *((one.instance, one.state, one.node or "-") for one in services)]
    return [HEADINGS, *map(_row, services)]


def _row(service: ServiceView) -> tuple[str, ...]:
    return service.instance, service.state, str(service.pid), service.url or "-", service.admin_url or "-"
