"""Whoever comes while a question is under way shares the next one."""

import asyncio

from scalelab.stack.api_gateway.rounds import Rounds


class Question:
    """Each answer is the number of times that it was asked; it is given when it is let."""

    def __init__(self):
        self.asked = 0
        self.may_end = asyncio.Event()

    async def __call__(self):
        self.asked += 1
        number = self.asked
        await self.may_end.wait()
        return number


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_nobody_gets_an_answer_that_began_before_them():
    """A thousand at once cost two questions: the first has the first answer, all others the second."""
    rounds, question = Rounds(), Question()
    asking = [asyncio.create_task(rounds.join(b"k", question)) for _ in range(1000)]
    await settle()
    asked_at_first = question.asked
    question.may_end.set()

    answers = await asyncio.gather(*asking)

    assert asked_at_first == 1
    assert answers == [(1, False), (2, False), *[(2, True)] * 998]


async def test_one_after_another_each_asks():
    """Nothing is remembered."""
    rounds, question = Rounds(), Question()
    question.may_end.set()

    assert [await rounds.join(b"k", question) for _ in range(3)] == [(1, False), (2, False), (3, False)]


async def test_who_comes_during_the_second_round_shares_the_third():
    """For ever so."""
    rounds, question = Rounds(), Question()
    first, second = [asyncio.create_task(rounds.join(b"k", question)) for _ in range(2)]
    await settle()
    question.may_end.set()
    await first
    question.may_end.clear()
    await settle()
    third, fourth = [asyncio.create_task(rounds.join(b"k", question)) for _ in range(2)]
    await settle()
    question.may_end.set()

    assert await asyncio.gather(second, third, fourth) == [(2, False), (3, False), (3, True)]


async def test_who_leaves_takes_nobody_along():
    """Neither the first nor one that shares."""
    rounds, question = Rounds(), Question()
    first, second, third = [asyncio.create_task(rounds.join(b"k", question)) for _ in range(3)]
    await settle()
    first.cancel()
    second.cancel()
    await settle()
    question.may_end.set()

    assert await third == (2, True)
    assert await rounds.join(b"k", question) == (3, False)
