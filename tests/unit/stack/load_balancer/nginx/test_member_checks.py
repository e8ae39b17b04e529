"""Who is up, by checks that say what the test says."""

import asyncio

from scalelab.contracts.membership import Member
from scalelab.contracts.service_settings import BalancerSettings
from scalelab.stack.load_balancer.nginx.member_checks import MemberChecks

FIRST, SECOND = (Member(name=name, host="127.0.0.1", port=port) for name, port in (("a", 1), ("b", 2)))
SETTINGS = BalancerSettings.model_construct(health_fall=2, health_rise=1, health_interval_s=0.0)


async def when(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  told by nobody
            await asyncio.sleep(0)


async def test_a_member_joins_with_its_first_good_check_and_falls_by_the_rule():
    """It has joined for ever; it is up as long as its checks say so, and each change is told."""
    answers = iter([True, False, True, False, False])
    over = asyncio.Event()

    async def check(_member):
        answer = next(answers, None)
        if answer is None:
            over.set()
            await asyncio.Event().wait()
        return answer

    checks = MemberChecks(SETTINGS, check)
    checks.watch([FIRST])
    await when(lambda: checks.is_up(FIRST))
    was_told = checks.changed.is_set()
    await over.wait()

    assert was_told
    assert not checks.is_up(FIRST)
    assert checks.joined == {"127.0.0.1:1"}
    checks.watch([])


async def test_who_is_not_watched_any_longer_is_forgotten():
    """Another that is named so, or comes back, begins anew; the others go on."""

    async def check(_member):
        return True

    checks = MemberChecks(SETTINGS, check)
    checks.watch([FIRST, SECOND])
    await when(lambda: checks.is_up(FIRST) and checks.is_up(SECOND))
    checks.watch([SECOND])

    assert (checks.is_up(FIRST), checks.is_up(SECOND)) == (False, True)
    assert checks.joined == {"127.0.0.1:2"}
    checks.watch([])


async def test_another_weight_is_the_same_member():
    """It is told by its address: what is known of it stays."""

    async def check(_member):
        return True

    checks = MemberChecks(SETTINGS, check)
    checks.watch([FIRST])
    await when(lambda: checks.is_up(FIRST))
    heavier = FIRST.model_copy(update={"weight": 5})
    checks.watch([heavier])

    assert checks.is_up(heavier)
    checks.watch([])
