import pytest

from scalelab.contracts.stack_view import Account, StackView
from scalelab.contracts.topology import Database, Topology
from scalelab.lab.watch import served_load
from scalelab.lab.watch.acts import ActFailedError, StartLoad
from scalelab.lab.watch.served_load import ServedLoad, plan_of

WANTED = StartLoad(kind="start_load", rate_per_s=50, duration_s=30, keys=1000)
NOBODY = "http://127.0.0.1:1"


class Unreachable:
    """A stack whose balancer does not answer."""

    def view(self):
        account = Account(username="u", password="p")
        return StackView(
            name="x", ready=True, nonce="n", url=NOBODY, login=account, load_accounts=(), services=(),
            topology=Topology(database=Database(records=200)),
        )  # fmt: skip


def test_the_generator_is_told_what_was_asked_for(monkeypatch):
    """An open load of reads with tokens, over keys that there are."""
    monkeypatch.setattr(served_load, "log_in", lambda _client, accounts: tuple(one.username for one in accounts))

    plan = plan_of(Unreachable().view(), WANTED)

    assert (plan.load.kind, plan.load.rate_per_s, plan.load.is_poisson, plan.duration_s) == ("open", 50, True, 30)
    assert plan.requests[0].url == f"{NOBODY}/data?key={{key}}"
    assert (plan.keys.distribution, plan.keys.count) == ("zipf", 200)
    assert plan.tokens == ("u",)


def test_a_stack_that_lets_nobody_in_is_told_as_trouble():
    """The act fails with the reason; nothing is under way then."""
    told = []
    load = ServedLoad(told.append)

    with pytest.raises(ActFailedError, match="no answer"):
        load.start(Unreachable(), WANTED)
    with pytest.raises(ActFailedError, match="no load is under way"):
        load.stop()
    assert told == []
