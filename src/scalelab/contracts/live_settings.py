"""Which settings of a stack can be changed while it runs."""

from typing import Literal, get_args

LiveSetting = Literal["api_gateway.cache_ttl_s", "api_gateway.upstream_slots", "database.delay.mean_s"]
"""Paths in the topology. Gateways start anew for theirs, each in turn; the database takes its own as it runs."""
LIVE_SETTINGS: tuple[LiveSetting, ...] = get_args(LiveSetting)
