"""Which stored variant a request may have (RFC 9111 section 4.1)."""

from scalelab.stack.http_cache.fields import Fields


def varying_names(fields: Fields) -> tuple[str, ...]:
    """The request fields that select among variants, sorted; `("*",)` when no request may ever match."""
    names = {name.strip().lower() for line in fields.lines("vary") for name in line.split(",") if name.strip()}
    return ("*",) if "*" in names else tuple(sorted(names))


def variant_of(names: tuple[str, ...], request_fields: Fields) -> tuple[tuple[str, str | None], ...]:
    """What the request says in those fields, normalised so that the same meaning gives the same variant.

    Lines are combined and white space around commas does not count; languages compare without case and by
    preference, not by place.
    """
    return tuple((name, _normalised(name, request_fields.combined(name))) for name in names)


def _normalised(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    members = [member for part in value.split(",") if (member := part.strip())]
    if name == "accept-language":
        members = sorted(map(_without_space, members), key=_by_preference)
    return ",".join(members)


def _without_space(member: str) -> str:
    return ";".join(part.strip() for part in member.lower().split(";"))


def _by_preference(member: str) -> tuple[float, str]:
    language, _, quality = member.partition(";q=")
    try:
        return -float(quality or 1.0), language
    except ValueError:
        return 0.0, member
