"""What an engine does not offer, and why. The suite does not try it; docs/reference/conformance.md says it."""

from scalelab.contracts.member_care import CARE_NOT_OFFERED

ENGINES = ("haproxy", "envoy", "nginx", "python")

_ITS_OWN_NAMES = "a request that names Host or X-Forwarded-* in Connection is refused with 400"
_NAMES_REFUSED = "a request that names other fields in Connection is refused with 400: nginx could not remove them"
NOT_OFFERED: dict[tuple[str, str], str] = {
    ("envoy", "test_the_drain_time_is_a_limit"): (
        "Envoy leaves a request that outlives the drain time to its gateway: nothing ends it but the gateway"
    ),
    (
        "envoy",
        "test_a_websocket_ends_with_its_gateways_drain_time",
    ): "Envoy leaves a tunnel that outlives the drain time to its gateway",
    ("envoy", "test_what_addresses_a_message_stays_whoever_names_it"): _ITS_OWN_NAMES,
    ("envoy", "test_hints_come_before_the_answer"): "Envoy keeps 103 to itself",
    ("envoy", "test_a_newcomer_begins_slowly"): (
        "Envoy begins slowly with those that are there at its start, too: for so long all are alike"
    ),
    ("nginx", "test_what_a_sender_names_in_connection_ends_there"): _NAMES_REFUSED,
    ("nginx", "test_what_addresses_a_message_stays_whoever_names_it"): _NAMES_REFUSED,
    ("nginx", "test_the_drain_time_is_a_limit"): (
        "nginx ends the worker that holds a request beyond the drain time, with all else that it has in hand"
    ),
    ("nginx", "test_a_head_that_is_dripped_is_answered_in_time"): (
        "nginx closes the connection in time, and says nothing"
    ),
    ("nginx", "test_a_newcomer_begins_slowly"): CARE_NOT_OFFERED["nginx"]["slow_start_s"],
    ("nginx", "test_who_fails_all_requests_is_left_alone"): CARE_NOT_OFFERED["nginx"]["ejection_failures"],
    ("haproxy", "test_a_newcomer_begins_slowly"): (
        "HAProxy begins slowly, by its own measure: the weight rises in steps of a twentieth"
    ),
    ("haproxy", "test_who_fails_all_requests_is_left_alone"): CARE_NOT_OFFERED["haproxy"]["ejection_failures"],
    ("haproxy", "test_when_no_check_passes_all_are_used"): CARE_NOT_OFFERED["haproxy"]["panic_share"],
    ("haproxy", "test_a_client_that_knows_no_chunks_gets_none"): "HAProxy 2.8 sends chunks to HTTP/1.0, too",
}
"""(engine, test) -> reason."""
ONE_PROCESS = frozenset({"haproxy", "envoy"})
"""Engines that are a single process here: they have no worker to kill."""
