"""What must be added and removed to get from one membership to another. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from scalelab.contracts.membership import Member


@dataclass(frozen=True)
class MembershipChange:
    """A member whose address changed is both removed and added."""

    added: tuple[Member, ...]
    removed: tuple[Member, ...]


def membership_change(present: Iterable[Member], wanted: Iterable[Member]) -> MembershipChange:
    """The difference, in the order given."""
    present, wanted = tuple(present), tuple(wanted)
    return MembershipChange(
        added=tuple(member for member in wanted if member not in present),
        removed=tuple(member for member in present if member not in wanted),
    )


def repeated_names(members: Iterable[Member]) -> list[str]:
    """Names that stand for more than one member."""
    counted = Counter(member.name for member in members)
    return sorted(name for name, times in counted.items() if times > 1)
