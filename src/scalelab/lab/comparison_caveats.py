"""What else is different between two runs, so that a difference of figures may come from it. Pure."""

from collections.abc import Iterator
from typing import Any

from scalelab.lab.results.manifest import Manifest


def circumstances_that_differ(before: Manifest | None, after: Manifest | None) -> tuple[str, ...]:
    """What else is different between two runs, so that a difference of figures may come from it."""
    if before is None or after is None:
        return ("a manifest is missing: nothing is known of what else may differ",)
    return tuple(_differences(before, after))


def _differences(before: Manifest, after: Manifest) -> Iterator[str]:
    if before.experiment != after.experiment:
        yield f"the experiments are {before.experiment!r} and {after.experiment!r}"
    if before.is_quick != after.is_quick:
        yield "one of the runs was quick"
    for table in ("topology", "load", "warm_up"):
        changed = _changed(before.experiment_as_run.get(table), after.experiment_as_run.get(table))
        if changed:
            yield f"{table}: {'; '.join(changed)}"
    if before.host != after.host:
        yield f"hosts: {'; '.join(_changed(before.host.model_dump(), after.host.model_dump()))}"
    versions = _changed({**before.packages, **before.engines}, {**after.packages, **after.engines})
    if versions:
        yield f"versions: {'; '.join(versions)}"
    if before.git_revision != after.git_revision:
        yield f"revisions: {before.git_revision or 'none'} and {after.git_revision or 'none'}"


def _changed(before: Any, after: Any, path: str = "") -> list[str]:
    """`path a and b` for every value that differs."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = dict.fromkeys([*before, *after])
        return [
            line
            for key in keys
            for line in _changed(before.get(key), after.get(key), f"{path}.{key}" if path else key)
        ]
    return [] if before == after else [f"{path} {before!r} and {after!r}"]
