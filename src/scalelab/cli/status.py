"""`scalelab status`: the running stack, for people or as JSON."""

from rich.console import Console
from rich.table import Table

from scalelab.cli.options import AsJson, StackName
from scalelab.contracts.stack_view import StackView
from scalelab.deployment.attach import attach


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
    Console(highlight=False, markup=False).print(_services(view))


def _services(view: StackView) -> Table:
    table = Table("instance", "state", "process", "URL", "admin URL", box=None, pad_edge=False)
    for service in view.services:
        table.add_row(service.instance, service.state, str(service.pid), service.url, service.admin_url)
    return table
