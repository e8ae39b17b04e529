"""Names of the Prometheus metrics that the laboratory reads. Labels are few and bounded (route templates).

Every name ends in its unit. HAProxy keeps its own names (`haproxy_...`).
"""

REQUESTS_TOTAL = "scalelab_requests_total"
"""Counter{route, method, status}: answers of this process."""
REQUEST_DURATION_SECONDS = "scalelab_request_duration_seconds"
"""Histogram{route}: first byte in to last byte out."""
REQUESTS_IN_FLIGHT = "scalelab_requests_in_flight"
"""Gauge: requests being answered now."""

CACHE_HITS_TOTAL = "scalelab_cache_hits_total"
"""Counter{route}."""
CACHE_MISSES_TOTAL = "scalelab_cache_misses_total"
"""Counter{route}."""
HIT_PATH_ANSWERS_TOTAL = "scalelab_hit_path_answers_total"
"""Counter{route}: answers from the gateway's memory; counted as requests and hits too, but not timed."""
HIT_PATH_BYTES = "scalelab_hit_path_bytes"
"""Gauge: memory that these answers take."""
CACHE_FAULTS_TOTAL = "scalelab_cache_faults_total"
"""Counter{kind}: timeout, unavailable, torn value."""

REVOKED_TOKENS = "scalelab_revoked_tokens"
"""Gauge: revoked tokens that this gateway knows and that have not ended by themselves."""
REVOCATION_SILENCE_SECONDS = "scalelab_revocation_silence_seconds"
"""Gauge: time since this gateway could hear of revocations elsewhere."""
TOKENS_UNCHECKED_TOTAL = "scalelab_tokens_unchecked_total"
"""Counter: tokens let in while revocations could not be heard."""

UPSTREAM_SLOTS_LIMIT = "scalelab_upstream_slots_limit"
UPSTREAM_SLOTS_IN_USE = "scalelab_upstream_slots_in_use"
UPSTREAM_QUEUE_LENGTH = "scalelab_upstream_queue_length"
"""Gauge: requests waiting for a slot."""

POOL_SIZE = "scalelab_database_pool_size"
POOL_IN_USE = "scalelab_database_pool_in_use"
POOL_QUEUE_LENGTH = "scalelab_database_pool_queue_length"

TASKS_TOTAL = "scalelab_tasks_total"
"""Counter{outcome}: succeeded, failed, cancelled, dead."""
TASK_EXECUTIONS_TOTAL = "scalelab_task_executions_total"
"""Counter: attempts whose work was done to its end, recorded or not: what is done twice counts twice."""
TASKS_RUNNING = "scalelab_tasks_running"
TASK_QUEUE_LENGTH = "scalelab_task_queue_length"

MEMBER_REQUESTS_TOTAL = "scalelab_member_requests_total"
"""Counter{member}: attempts that the Python balancer made at a gateway; HAProxy counts under names of its own."""
MEMBER_REQUESTS_IN_FLIGHT = "scalelab_member_requests_in_flight"
MEMBER_UP = "scalelab_member_up"
"""Gauge{member}: 1 when the Python balancer gives it traffic."""
