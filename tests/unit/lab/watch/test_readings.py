from scalelab.lab.watch.readings import read_figures

GATEWAY = """# TYPE scalelab_requests_total counter
scalelab_requests_total{method="GET",route="/data",status="200"} 30.0
scalelab_requests_total{method="GET",route="/data",status="503"} 2.0
scalelab_requests_total{method="GET",route="/health/ready",status="200"} 900.0
scalelab_requests_total{method="POST",route="/login",status="200"} 10.0
scalelab_request_duration_seconds_bucket{le="0.01",route="/data"} 5.0
scalelab_request_duration_seconds_bucket{le="+Inf",route="/data"} 7.0
scalelab_request_duration_seconds_bucket{le="0.01",route="/process"} 1.0
scalelab_request_duration_seconds_bucket{le="0.01",route="/health/ready"} 900.0
scalelab_upstream_slots_in_use 3.0
scalelab_requests_in_flight 4.0
"""
HAPROXY = """haproxy_frontend_http_responses_total{proxy="traffic",code="2xx"} 40
haproxy_frontend_http_responses_total{proxy="traffic",code="5xx"} 3
haproxy_frontend_http_responses_total{proxy="admin",code="2xx"} 99
haproxy_backend_current_sessions{proxy="gateways"} 6
haproxy_backend_current_queue{proxy="gateways"} 1
haproxy_server_status{proxy="gateways",server="api_gateway-1",state="DOWN"} 0
haproxy_server_status{proxy="gateways",server="api_gateway-1",state="UP"} 1
haproxy_server_status{proxy="gateways",server="api_gateway-2.3",state="UP"} 0
"""
ENVOY = """envoy_http_downstream_rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="admin"} 4
envoy_http_downstream_rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="traffic"} 40
envoy_http_downstream_rq_xx{envoy_response_code_class="5",envoy_http_conn_manager_prefix="traffic"} 3
envoy_cluster_upstream_rq_active{envoy_cluster_name="admin"} 1
envoy_cluster_upstream_rq_active{envoy_cluster_name="gateways"} 7
envoy_cluster_endpoint_healthy{envoy_cluster_name="gateways",envoy_endpoint_address="127.0.0.1:2",\
envoy_endpoint_hostname="api_gateway-2"} 0
envoy_cluster_endpoint_healthy{envoy_cluster_name="gateways",envoy_endpoint_address="127.0.0.1:1",\
envoy_endpoint_hostname="api_gateway-1"} 1
""".replace("\\\n", "")
PYTHON_BALANCER = """scalelab_requests_total{method="GET",route="forwarded",status="200"} 40.0
scalelab_requests_total{method="any",route="unmatched",status="502"} 3.0
scalelab_member_up{member="api_gateway-1"} 1.0
scalelab_member_up{member="api_gateway-2"} 0.0
"""


def test_a_gateways_own_checks_and_logins_are_no_traffic():
    """What clients came for, errors by themselves, latencies of all routes in one histogram."""
    figures = read_figures(GATEWAY)

    assert figures.values == {"answers": 32.0, "errors": 2.0, "slots_in_use": 3.0, "in_flight": 4.0}
    assert figures.durations == {0.01: 6.0, float("inf"): 7.0}
    assert figures.members is None


def test_all_balancers_say_the_same_things():
    """An admin listener is no traffic; a member that HAProxy was given again goes by its own name."""
    haproxy, envoy, python = map(read_figures, (HAPROXY, ENVOY, PYTHON_BALANCER))

    assert haproxy.values == envoy.values == {"answers": 43.0, "errors": 3.0, "in_flight": 7.0}
    assert haproxy.members == envoy.members == python.members == {"api_gateway-1": True, "api_gateway-2": False}
    assert python.values["answers"] == 40.0


def test_what_is_not_told_is_left_out():
    """Nonsense is no reading of 0."""
    assert read_figures("").values == {}
    assert read_figures('scalelab_requests_in_flight many\n}{\nscalelab_requests_total{route="/data"').values == {}
