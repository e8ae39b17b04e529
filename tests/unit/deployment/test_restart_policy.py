import pytest

from scalelab.deployment.restart_policy import restart_delay_s


@pytest.mark.parametrize(
    ("deaths_at_s", "delay_s"),
    [([100.0], 0.0), ([99.0, 100.0], 0.25), ([97.0, 98.0, 99.0, 100.0], 1.0), ([90.0 + n for n in range(11)], 5.0)],
)
def test_each_further_death_waits_longer_up_to_a_bound(deaths_at_s, delay_s):
    """The first restart is immediate."""
    assert restart_delay_s(deaths_at_s, 100.0, is_balancer=False) == delay_s


def test_a_long_life_is_forgiven():
    """Deaths of more than a minute ago do not count."""
    assert restart_delay_s([1.0, 2.0, 3.0, 100.0], 100.0, is_balancer=False) == 0.0


def test_the_balancer_is_never_down_for_a_second():
    """However often it died."""
    assert restart_delay_s([90.0 + n for n in range(11)], 100.0, is_balancer=True) < 1.0
