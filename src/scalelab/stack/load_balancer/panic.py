"""Whether so few members are left that all are used again. Pure."""


def is_panic(taking_traffic: int, members: int, panic_share: float) -> bool:
    """No more than this share takes traffic; never with a share of 0.

    Args:
        taking_traffic: members that are up, and not left alone.
        members: those that ever were up, but the leaving ones.
        panic_share: see `MemberCare`.
    """
    return panic_share > 0 and taking_traffic < members and taking_traffic <= panic_share * members
