"""Celery's settings, each with its reason. PostgreSQL is the truth; a message is a doorbell."""

from __future__ import annotations

import os
from datetime import timedelta

broker_url = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
include = ["apex.tasks"]
timezone = "UTC"
enable_utc = True

# A worker that dies must not take its messages along: acknowledged after the work, and given back
# when the child was killed (late acknowledgement alone still acknowledges then).
task_acks_late = True
task_reject_on_worker_lost = True
# One message at a time: a page of charges must not wait behind another in a busy child (costs 2 %).
worker_prefetch_multiplier = 1
# Nobody reads results: the truth is the run's row.
task_ignore_result = True
task_store_errors_even_if_ignored = False

# Hard limits end what hangs; the page's lease then runs out and the sweeper sends it again.
task_soft_time_limit = 600
task_time_limit = 660
# Redelivered when not acknowledged for this long. Must be longer than the longest hard limit, or a
# slow page is delivered twice; the shortest among all apps on one broker wins.
VISIBILITY_TIMEOUT = 900
broker_transport_options = {
    "visibility_timeout": VISIBILITY_TIMEOUT,
    "unacked_restore_interval": 5,  # look for redelivery every 5 s; the default takes about 100 s
    "unacked_restore_throttle": 1,
    "socket_timeout": 30,  # without one a half-open socket is waited on for ever
    "socket_connect_timeout": 2,  # a web request that rings the bell must not hang on a dead Redis
    "socket_keepalive": True,
    "health_check_interval": 25,
    "queue_order_strategy": "round_robin",
}
result_backend_transport_options = {"visibility_timeout": VISIBILITY_TIMEOUT}
broker_connection_retry_on_startup = True
broker_connection_max_retries = None  # Redis may be away for an hour; the worker waits
task_publish_retry = False  # a lost doorbell is found by the sweeper; waiting for it would block
worker_cancel_long_running_tasks_on_connection_loss = True  # they would run twice otherwise

# Leaks end with the child that has them.
worker_max_tasks_per_child = 2_000
worker_max_memory_per_child = 400_000  # kB
# On SIGTERM finish the page at hand; what takes longer is given back to the broker.
worker_soft_shutdown_timeout = 30
worker_enable_soft_shutdown_on_idle = True

# Flower and `celery events` show what goes on.
worker_send_task_events = True
task_send_sent_event = True
worker_hijack_root_logger = False
worker_redirect_stdouts = False

# Beat does no more than tick. Which slots are due is decided by rows in PostgreSQL, from the table in
# beat_schedule.py; so two beats, a late one or none for a day change nothing but the delay.
TICK_EVERY = timedelta(seconds=15)
beat_schedule = {
    "tick": {
        "task": "apex.tick",
        "schedule": TICK_EVERY,
        "options": {"queue": "tick", "expires": TICK_EVERY.total_seconds()},
    },
}
beat_max_loop_interval = 5
