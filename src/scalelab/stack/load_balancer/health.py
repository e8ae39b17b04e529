"""When a member counts as up: hysteresis over its checks. Pure."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class HealthRule:
    """How many checks in a row change the verdict."""

    fall: int
    """Failed ones that take a member out."""
    rise: int
    """Good ones that bring it back."""


@dataclass(frozen=True)
class Health:
    """A verdict, and the checks in a row that speak against it. A new member is down until proven."""

    is_up: bool = False
    contrary: int = 0

    def after(self, has_passed: bool, rule: HealthRule) -> "Health":  # noqa: FBT001  the one fact of a check
        """The verdict after one more check."""
        if has_passed == self.is_up:
            return replace(self, contrary=0)
        needed = rule.rise if has_passed else rule.fall
        if self.contrary + 1 >= needed:
            return Health(is_up=has_passed)
        return replace(self, contrary=self.contrary + 1)
