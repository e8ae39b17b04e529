"""From one membership to another."""

from hypothesis import given
from hypothesis import strategies as st

from scalelab.contracts.membership import Member
from scalelab.stack.load_balancer.membership_change import membership_change, repeated_names

MEMBERS = st.lists(
    st.builds(Member, name=st.sampled_from("abcd"), host=st.just("127.0.0.1"), port=st.integers(1, 3)),
    unique_by=lambda member: member.name,
)


@given(MEMBERS, MEMBERS)
def test_the_change_leads_from_one_to_the_other(present, wanted):
    """Whatever the two lists: take the removed ones away, put the added ones in, and the wanted one is there."""
    change = membership_change(present, wanted)

    result = {member for member in present if member not in change.removed} | set(change.added)

    assert result == set(wanted)
    assert not set(change.added) & set(present)
    assert set(change.removed) <= set(present)


def test_a_moved_member_is_both_removed_and_added():
    """The name stays, the address does not."""
    old, new = (Member(name="a", host="127.0.0.1", port=port) for port in (1, 2))

    change = membership_change([old], [new])

    assert (change.removed, change.added) == ((old,), (new,))


def test_repeated_names():
    """Each is named once."""
    members = [Member(name=name, host="127.0.0.1", port=1) for name in "abacca"]

    assert repeated_names(members) == ["a", "c"]
