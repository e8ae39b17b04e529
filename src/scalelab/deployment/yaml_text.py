"""Plain data as YAML: keys in the order given, nothing by reference. Pure."""

from collections.abc import Iterable

import yaml

_WIDTH = 118


def yaml_text(documents: Iterable[object], heading: str = "") -> str:
    """The text of a file.

    Args:
        documents: mappings, lists and scalars.
        heading: lines of a comment before them.
    """
    comment = "".join(f"# {line}\n" for line in heading.splitlines())
    return comment + yaml.dump_all(documents, Dumper=_WithoutAliases, sort_keys=False, width=_WIDTH)


class _WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, _data: object) -> bool:
        return True
