"""With what it was measured: versions, machine and seed, so that somebody can do it again. Pure."""

from collections.abc import Iterator

from scalelab.lab.results.manifest import Manifest

MANIFEST_HEAD = ("What", "Which")
GIB = 1024**3


def manifest_rows(manifest: Manifest | None) -> tuple[tuple[str, str], ...]:
    """Name and value; none without a manifest."""
    return tuple(_rows(manifest)) if manifest is not None else ()


def _rows(manifest: Manifest) -> Iterator[tuple[str, str]]:
    host, packages = manifest.host, dict(manifest.packages)
    yield "Started", manifest.started_at
    yield "scalelab", packages.pop("scalelab", "unknown")
    if manifest.git_revision:
        yield "Revision", manifest.git_revision
    yield "Seed", str(manifest.seed)
    yield "System", f"{host.system}, {host.machine}"
    yield "Processor", f"{host.cpu_model or host.machine}, {host.logical_cores} cores"
    yield "Memory", f"{host.memory_bytes / GIB:.1f} GiB"
    yield "Python", host.python
    yield from manifest.engines.items()
    if packages:
        yield "Packages", ", ".join(f"{name} {version}" for name, version in packages.items())
