"""The lessons that ship, in the order in which they build on one another. Data only."""

LESSONS: tuple[str, ...] = (
    "classic",
    "published",
    "tuned",
    "next_replica",
    "database_bound",
    "open_loop",
    "overload",
    "ttl_sweep",
    "stampede",
    "cache_levels",
    "slow_replica",
    "balancer_engines",
    "connection_reuse",
    "hedging",
    "retry_storm",
    "async_tasks",
)
"""Names of shipped experiments. Those with a `[verify]` table are verified."""
