"""From an experiment's document to its scenarios, and every fault of it in one message."""

import tomllib
from pathlib import Path

import pytest

from scalelab.lab.experiment_faults import ExperimentError
from scalelab.lab.plan import make_plan

CLASSIC = Path(__file__).resolve().parents[3] / "experiments" / "classic.toml"


@pytest.fixture
def classic():
    return tomllib.loads(CLASSIC.read_text(encoding="utf-8"))


def faults_of(document, **options):
    with pytest.raises(ExperimentError) as caught:
        make_plan(document, "classic.toml", **options)
    return str(caught.value)


def test_the_classic_experiment_has_four_scenarios_in_order(classic):
    """Their names are the prefixes of the CSV files, and their titles are for people."""
    plan = make_plan(classic, "classic.toml")

    assert [(scenario.name, scenario.title) for scenario in plan.scenarios] == [
        ("results_1_gateway_miss", "1 gateway, miss"),
        ("results_1_gateway_hit", "1 gateway, hit"),
        ("results_3_gateways_miss", "3 gateways, miss"),
        ("results_3_gateways_hit", "3 gateways, hit"),
    ]
    assert [scenario.gateways for scenario in plan.scenarios] == [1, 1, 3, 3]
    assert [scenario.cache for scenario in plan.scenarios] == ["miss", "hit", "miss", "hit"]


def test_the_classic_window_starts_after_ramp_and_settling(classic):
    """1000 users at 100 a second, and two seconds: the window is 12 to 60 s."""
    load = make_plan(classic, "classic.toml").scenarios[0].load

    assert (load.ramp_s, load.window_start_s, load.duration_s) == (10.0, 12.0, 60.0)


def test_what_was_set_by_hand_is_not_made_quick(classic):
    """`--quick --set load.users=20` means 20 users."""
    classic["load"]["users"] = 20

    scenario = make_plan(classic, "classic.toml", is_quick=True, chosen={"load.users"}).scenarios[0]

    assert scenario.load.users == 20
    assert scenario.load.duration_s == 10.0


def test_quick_changes_what_its_table_says(classic):
    """100 users for 10 s, warmed up for 2 s; everything else stays."""
    scenario = make_plan(classic, "classic.toml", is_quick=True).scenarios[0]

    assert (scenario.load.users, scenario.load.duration_s, scenario.warm_up.duration_s) == (100, 10.0, 2.0)
    assert scenario.warm_up.users == 10
    assert scenario.load.think_time_mean_s == 1.5


def test_only_chooses_scenarios(classic):
    """`--only` keeps the plan's order."""
    plan = make_plan(classic, "classic.toml", only=("results_3_gateways_hit", "results_1_gateway_miss"))

    assert [scenario.name for scenario in plan.scenarios] == ["results_1_gateway_miss", "results_3_gateways_hit"]


def test_an_unknown_scenario_is_refused_with_those_there_are(classic):
    """A typing mistake is not an empty run."""
    message = faults_of(classic, only=("results_2_gateways_miss",))

    assert "results_2_gateways_miss" in message
    assert "results_3_gateways_hit" in message


def test_each_block_holds_every_scenario_once_in_an_order_of_its_own(classic):
    """So that a drift of the machine does not fall on one of them."""
    plan = make_plan({**classic, "repeat": 4}, "classic.toml")

    order = plan.order()

    blocks = [[scenario.name for _, scenario in order[start : start + 4]] for start in range(0, 16, 4)]
    assert [repetition for repetition, _ in order] == [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4
    assert all(sorted(block) == sorted(scenario.name for scenario in plan.scenarios) for block in blocks)
    assert len({tuple(block) for block in blocks}) > 1


def test_the_order_comes_from_the_seed(classic):
    """The same seed, the same order; another seed, another."""
    orders = [
        [scenario.name for _, scenario in make_plan({**classic, "repeat": 5, "seed": seed}, "classic.toml").order()]
        for seed in (1, 1, 2)
    ]

    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


def test_a_single_pass_keeps_the_order_of_the_experiment(classic):
    """There is no second pass that could balance it."""
    plan = make_plan(classic, "classic.toml")

    assert [scenario for _, scenario in plan.order()] == list(plan.scenarios)


def test_other_factors_are_paths(classic):
    """`topology.x.y` and `load.x` are varied like gateways; names are slugs of them."""
    classic["factors"] = {"topology.database.pool_size": [8, 16], "load.users": [100]}

    plan = make_plan(classic, "classic.toml")

    assert [scenario.name for scenario in plan.scenarios] == [
        "results_pool_size_8_users_100",
        "results_pool_size_16_users_100",
    ]
    assert [scenario.topology.database.pool_size for scenario in plan.scenarios] == [8, 16]
    assert plan.scenarios[0].title == "pool_size = 8, users = 100"
    assert plan.scenarios[0].cache is None


def test_an_experiment_without_factors_is_one_scenario(classic):
    """The topology as described."""
    del classic["factors"]

    (scenario,) = make_plan(classic, "classic.toml").scenarios

    assert (scenario.name, scenario.title) == ("results", "as described")


def test_all_faults_come_in_one_message_with_their_paths(classic):
    """Unknown keys, impossible values and unknown factors of all tables at once."""
    classic["load"] |= {"users": 0, "duration_s": 0, "rps": 5}
    classic["topology"]["api_gateway"]["upstream_slot"] = 3
    classic["factors"]["weather"] = ["fine"]
    classic["colour"] = "blue"

    message = faults_of(classic, known_faults=("--set x: no '=' in it",))

    assert "7 faults" in message
    for part in (
        "--set x",
        "load.users = 0",
        "load.duration_s = 0",
        "load.rps: there is no such key",
        "topology.api_gateway.upstream_slot: there is no such key (did you mean upstream_slots?)",
        "factors.weather: there is no such factor",
        "colour: there is no such key",
        "nothing was started",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("factors", "part"),
    [
        ({"gateways": [0]}, "topology.api_gateway.replicas = 0"),
        ({"gateways": ["three"]}, "topology.api_gateway.replicas = 'three'"),
        ({"gateways": []}, "factors.gateways"),
        ({"cache": ["lukewarm"]}, "factors.cache: 'lukewarm'"),
        ({"topology.cache.engin": ["valkey"]}, "topology.cache.engin: there is no such key (did you mean engine?)"),
        ({"load.users": [1, 1]}, "several scenarios would be called results_users_1"),
        ({"load.mix.data.x": [1]}, "data is a value, not a table"),
        ({"topology": [1]}, "factors.topology: there is no such factor"),
    ],
)
def test_impossible_factors_are_refused(classic, factors, part):
    """Each with its path."""
    classic["factors"] = factors

    assert part in faults_of(classic)


def test_a_load_without_a_window_is_refused_with_the_arithmetic(classic):
    """Ramp and settling take the whole duration."""
    classic["load"]["duration_s"] = 12.0

    assert "1000 / 100 + 2 = 12 s, but duration_s = 12" in faults_of(classic)


def test_a_miss_load_that_would_run_out_of_keys_is_refused_with_the_arithmetic(classic):
    """Each request of a miss scenario needs a record of its own."""
    classic["topology"]["database"]["records"] = 10_000

    message = faults_of(classic)

    assert "topology.database.records = 10000 are too few for '1 gateway, miss'" in message
    assert "1000 x (60 / 1.5 + 1) = 41000" in message
    assert "hit" not in message


def test_a_hot_set_larger_than_the_records_is_refused(classic):
    """There are no such keys."""
    classic["factors"] = {"cache": ["hit"]}
    classic["topology"]["database"]["records"] = 10

    assert "load.hot_set_keys = 20 is more than topology.database.records = 10" in faults_of(classic)


def test_a_warm_up_as_long_as_the_run_is_fine(classic):
    """Long is not wrong."""
    classic["warm_up"]["duration_s"] = 60.0

    assert make_plan(classic, "classic.toml").scenarios[0].warm_up.duration_s == 60.0


@pytest.mark.parametrize("schema", [None, 2, "one"])
def test_another_schema_is_refused(classic, schema):
    """A file of another version is not guessed at."""
    if schema is None:
        del classic["schema"]
    else:
        classic["schema"] = schema

    assert "schema" in faults_of(classic)


def test_think_times_in_the_wrong_order_are_refused(classic):
    """The shortest is not above the longest."""
    classic["load"]["think_time_min_s"] = 3.0

    assert "think_time_min_s = 3 is above think_time_max_s = 2" in faults_of(classic)


def test_a_mix_of_nothing_is_refused(classic):
    """At least one route is asked."""
    classic["load"]["mix"] = {"data": 0, "process": 0}

    assert "mix: at least one route" in faults_of(classic)


def test_the_published_experiment_is_cut_by_its_clock_and_by_nothing_else():
    """One slot a gateway; the drain is bounded, and every timeout is longer than load and drain together."""
    document = tomllib.loads(CLASSIC.with_name("published.toml").read_text(encoding="utf-8"))

    one, three = make_plan(document, "published.toml").scenarios

    assert (one.gateways, three.gateways) == (1, 3)
    assert one.topology.api_gateway.upstream_slots == 1
    assert (one.load.users, one.load.duration_s, one.load.mix) == (1000, 60.0, {"data": 1.0})
    longest_s = one.load.duration_s + one.load.drain_limit_s
    assert one.topology.api_gateway.slot_wait_timeout_s > longest_s
    assert one.topology.load_balancer.response_timeout_s > longest_s


@pytest.mark.parametrize(
    ("load", "words"),
    [
        ({"driver": "open_loop"}, ["needs rate_per_s"]),
        ({"driver": "open_loop", "rate_per_s": 5, "users": 7}, ['users: not for driver = "open_loop"']),
        ({"driver": "closed_loop", "rate_per_s": 5}, ['rate_per_s: not for driver = "closed_loop"']),
        (
            {"driver": "closed_loop", "mix": {"write": 1, "longtask": 1}},
            ['mix: write, longtask needs driver = "locust"'],
        ),
        (
            {"driver": "open_loop", "users": 7, "mix": {"write": 1}},
            ["rate_per_s", "users: not for", "mix: write needs"],
        ),
    ],
)
def test_a_key_that_does_not_fit_the_driver_is_refused(load, words):
    """All of them in one message: nothing is ignored in silence."""
    told = faults_of({"schema": 1, "name": "x", "load": load})

    assert all(word in told for word in words)


def test_an_experiment_with_a_driver_of_ours_survives_its_manifest():
    """What is written down can be read again: defaults of another driver are no faults."""
    document = {"schema": 1, "name": "x", "load": {"driver": "open_loop", "rate_per_s": 5}}

    scenario = make_plan(document, "x.toml").scenarios[0]

    assert type(scenario.load).model_validate_json(scenario.load.model_dump_json()) == scenario.load


def test_a_hit_scenario_needs_a_cache(classic):
    """A time to live of 0 switches the cache off: that is for misses."""
    classic["topology"]["api_gateway"]["cache_ttl_s"] = 0

    told = faults_of(classic)

    assert "cache_ttl_s = 0 caches nothing, but '1 gateway, hit' is to hit" in told
    assert "'1 gateway, miss'" not in told


@pytest.fixture
def next_replica():
    return tomllib.loads(CLASSIC.with_name("next_replica.toml").read_text(encoding="utf-8"))


def test_sizes_to_verify_come_last_in_every_block(next_replica):
    """They are predicted from the others of the block, so they may not be among them."""
    plan = make_plan({**next_replica, "repeat": 5}, "next_replica", is_verify=True)

    blocks = [[scenario.gateways for scenario in plan.block(repetition)] for repetition in range(1, 6)]
    assert all(set(block[:3]) == {1, 2, 3} and set(block[3:]) == {4, 5} for block in blocks)
    assert len({tuple(block) for block in blocks}) > 1
    assert [scenario.name for scenario in plan.verifying] == [
        "results_4_gateways_miss",
        "results_5_gateways_miss",
    ]


def test_without_verify_they_are_left_out(next_replica):
    """The sweep alone."""
    assert make_plan(next_replica, "next_replica").verifying == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verify": None}, r"--verify needs a table \[verify\]"),
        ({"verify": {"gateways": [3, 4]}}, r"verify.gateways: 3 is in factors.gateways"),
        ({"factors": {"gateways": [1]}}, "at least 2 numbers to learn from"),
        ({"verify": {"gateways": []}}, r"verify.gateways"),
        ({"verify": {"gateways": [65]}}, "topology.api_gateway.replicas"),
    ],
)
def test_a_verification_that_proves_nothing_is_refused(next_replica, changes, words):
    """No table, a size that was learned from, nothing to learn from."""
    document = {key: value for key, value in {**next_replica, **changes}.items() if value is not None}

    with pytest.raises(ExperimentError, match=words):
        make_plan(document, "next_replica", is_verify=True)


def test_a_route_as_a_factor_is_the_whole_mix(classic):
    """One scenario for each, named after it."""
    plan = make_plan({**classic, "factors": {"route": ["process", "longtask"]}}, "classic.toml")

    assert [scenario.load.mix for scenario in plan.scenarios] == [{"process": 1.0}, {"longtask": 1.0}]
    assert [scenario.name for scenario in plan.scenarios] == ["results_process", "results_longtask"]
    assert "factors.route: 'nowhere' is none of data" in faults_of({**classic, "factors": {"route": ["nowhere"]}})


@pytest.mark.parametrize("skew", [{"keys": "zipf"}, {"key_count": 5}, {"zipf_exponent": 2.0}])
def test_skewed_keys_need_a_driver_of_ours(classic, skew):
    """Locust's users draw theirs evenly; a setting is never ignored in silence."""
    document = {**classic, "load": {**classic["load"], **skew}}

    assert f'{next(iter(skew))}: needs driver = "closed_loop" or "open_loop"' in faults_of(document)


def test_more_keys_than_records_are_refused(classic):
    """With both numbers."""
    load = {**classic["load"], "driver": "closed_loop", "key_count": 200_000}

    assert "load.key_count = 200000 is more than topology.database.records = 100000" in faults_of(
        {**classic, "load": load}
    )


def test_a_load_that_outlives_its_tokens_is_refused(classic):
    """Users log in once: later they would all be refused."""
    load = {**classic["load"], "duration_s": 3590.0, "drain_limit_s": 30.0}
    topology = {**classic.get("topology", {}), "api_gateway": {"token_lifetime_s": 3600.0}}

    told = faults_of({**classic, "topology": topology, "load": load})

    assert "set topology.api_gateway.token_lifetime_s, which is 3600, above their sum" in told


def with_faults(classic, *faults, driver="open_loop"):
    asked = {"users": 20} if driver == "locust" else {"rate_per_s": 50}
    load = {"driver": driver, "duration_s": 30.0, "settle_s": 2.0, **asked}
    return {**classic, "load": load, "faults": list(faults)}


def test_faults_belong_to_every_scenario(classic):
    """In the order in which they stand there."""
    fault = {"kind": "kill", "target": "api_gateway-1", "at_s": 5.0}

    plan = make_plan(with_faults(classic, fault), "classic.toml")

    assert [[one.what for one in scenario.faults] for scenario in plan.scenarios] == [["kill api_gateway-1"]] * 4


@pytest.mark.parametrize(
    ("faults", "driver", "words"),
    [
        ([("freeze", 28.0, 5.0)], "open_loop", "for 5 s at 28 s is not over before the load ends at 30 s"),
        ([("freeze", 5.0, 5.0), ("kill", 8.0, 0.0)], "open_loop", "kill api_gateway-1 at 8 s begins before freeze"),
    ],
)  # fmt: skip
def test_faults_that_cannot_be_done_are_refused(classic, faults, driver, words):
    """Before anything starts."""
    tables = [
        {"kind": kind, "target": "api_gateway-1", "at_s": at_s, **({"duration_s": lasts_s} if lasts_s else {})}
        for kind, at_s, lasts_s in faults
    ]

    assert words in faults_of(with_faults(classic, *tables, driver=driver))
