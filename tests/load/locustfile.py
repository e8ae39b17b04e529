"""The laboratory's users, for Locust. Drives `scalelab run`, and works on its own:

    scalelab up --detach
    (umask 077; scalelab status --json > stack.json)        # holds passwords: keep it private
    locust -f tests/load/locustfile.py --host http://127.0.0.1:PORT --accounts-file stack.json \\
        --headless -u 100 -r 100 -t 30s --stop-timeout 30

Options beyond Locust's own (which `--help` does not list); each can come from the environment, for example
`--accounts-file` from `LAB_LOAD_ACCOUNTS_FILE`:

    --think-time-min-s   Shortest wait of a user between an answer and the next request, in seconds.
    --think-time-max-s   Longest wait; in between all values are equally likely.
    --mix                Routes and their weights, for example /data=1,/process=1; also "PUT /data", "POST /longtask".
    --keys               miss: no key is asked twice; hit: only keys of the hot set; any: any key.
    --records            Keys there are: 1 to this number.
    --hot-set-keys       Keys in the hot set.
    --draw-seed          Seed of keys, routes and waits.
    --window-start-s     Start of the measured window, in seconds from the start of the load.
    --load-duration-s    End of the window and of the load; 0 takes Locust's --run-time.
    --answer-timeout-s   Longest silence of the system that a user puts up with.
    --longest-age-s      Oldest answer that a cache may give, in seconds: time to live and stale window.
    --has-fine-timeline  Whether tenths of a second are recorded as well, to see how long a fault was felt.
    --accounts-file      JSON file: a list of {username, password}, or what `scalelab status --json` prints.
    --recording-dir      Directory for the laboratory's own recording; empty: none is written.

Passwords are read from the accounts file only. Without `--stop-timeout` Locust drops the requests that are on their
way at the end; our books then call them censored.
"""

from locust import events

from scalelab.lab.load.locust_users import LaboratoryUser, register

__all__ = ["LaboratoryUser"]

register(events)
