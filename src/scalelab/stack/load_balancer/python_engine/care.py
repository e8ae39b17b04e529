"""What the settings say of the care for members, as the engine's rules have it."""

from dataclasses import dataclass, field

from scalelab.contracts.member_care import MemberCare
from scalelab.stack.load_balancer.python_engine.ejection import EjectionRule


@dataclass(frozen=True)
class Care:
    """All of it is off by default."""

    slow_start_s: float = 0.0
    ejection: EjectionRule = field(default_factory=EjectionRule)
    panic_share: float = 0.0

    @classmethod
    def of(cls, settings: MemberCare) -> "Care":
        """What the settings say."""
        rule = EjectionRule(settings.ejection_failures, settings.ejection_s, settings.ejection_max_share)
        return cls(settings.slow_start_s, rule, settings.panic_share)
