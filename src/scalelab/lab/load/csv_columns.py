"""The columns of the CSV files of a load, Locust's by name and order, each with its meaning. Data only."""

PER_TEN_THOUSAND = {
    "50%": 5000,
    "66%": 6600,
    "75%": 7500,
    "80%": 8000,
    "90%": 9000,
    "95%": 9500,
    "98%": 9800,
    "99%": 9900,
    "99.9%": 9990,
    "99.99%": 9999,
    "100%": 10000,
}
STATS = {
    "Type": "Method; empty in the row of all.",
    "Name": "Route; `Aggregated` for all.",
    "Request Count": "Answers, failed requests included.",
    "Failure Count": "Failed and timed-out requests.",
    "Median Response Time": "ms",
    "Average Response Time": "ms",
    "Min Response Time": "ms",
    "Max Response Time": "ms",
    "Average Content Size": "bytes; empty where our own generator made the load, which does not keep it.",
    "Requests/s": "Answers each second.",
    "Failures/s": "Failures each second.",
    **{name: f"ms; {name} of the answers took no longer." for name in PER_TEN_THOUSAND},
}
"""Column -> meaning."""
HISTORY = {
    "Timestamp": "Seconds since 1970, at the end of the row's second.",
    "User Count": "Users then.",
    "Type": "Empty.",
    "Name": "`Aggregated`.",
    "Requests/s": "Answers each second.",
    "Failures/s": "Failures each second.",
    "Total Request Count": "Since the load began.",
    "Total Failure Count": "Likewise.",
}
FAILURES = {"Method": "Of the request.", "Name": "Route.", "Error": "What went wrong.", "Occurrences": "How often."}
EXCEPTIONS = {
    "Count": "How often.",
    "Message": "The exception's.",
    "Traceback": "Where it was raised.",
    "Nodes": "Which processes raised it.",
}
HISTORY_OF_LOCUST = {
    **{name: f"ms; {name} of the last ten seconds' answers took no longer." for name in PER_TEN_THOUSAND},
    "Total Median Response Time": "ms, since the load began.",
    "Total Average Response Time": "ms, likewise.",
    "Total Min Response Time": "ms, likewise.",
    "Total Max Response Time": "ms, likewise.",
    "Total Average Content Size": "bytes, likewise.",
}
"""Beside those that both have."""
FAILURES_OF_LOCUST = {"First Seen": "Seconds since 1970.", "Last Seen": "Seconds since 1970."}
