"""The view system_health_dashboard: one row. Its health score is that of apps.runs.health, in SQL; a test holds
the two together. Rates are percentages; NULL where there is nothing to count, or no source yet."""

from django.db import migrations

CREATE = """
CREATE VIEW system_health_dashboard AS
WITH alerts AS (
    SELECT count(*) FILTER (WHERE severity = 'critical') AS critical,
           count(*) FILTER (WHERE severity = 'high') AS high,
           count(*) FILTER (WHERE severity = 'medium') AS medium
      FROM runs_alert WHERE resolved_at IS NULL
), tick AS (
    SELECT extract(epoch FROM now() - max(at))::float8 AS age FROM runs_heartbeat WHERE name = 'tick'
), stop AS (
    SELECT EXISTS (SELECT FROM runs_automation WHERE name = '*' AND mode = 'off') AS on
), late AS (
    SELECT count(*) AS queues FROM (
        SELECT coalesce(nullif(a.queue, ''), 'default')
          FROM runs_batch b JOIN runs_run r ON r.id = b.run_id LEFT JOIN runs_automation a ON a.name = r.automation
         WHERE b.state = 'queued' AND b.due_at <= now()
         GROUP BY 1 HAVING min(b.due_at) <= now() - interval '5 minutes') q
), failing AS (
    SELECT count(*) AS automations FROM (
        SELECT f.automation FROM runs_run f
         WHERE f.state = 'failed' AND f.created_at >= now() - interval '1 day'
         GROUP BY f.automation
        HAVING NOT EXISTS (SELECT FROM runs_run d WHERE d.automation = f.automation AND d.state = 'done'
                              AND d.slot > max(f.slot))) x
), effects AS (
    SELECT count(*) FILTER (WHERE state = 'doubt') AS doubt, count(*) FILTER (WHERE state = 'dead') AS dead
      FROM runs_effect WHERE state IN ('doubt', 'dead')
), runs AS (
    SELECT count(*) FILTER (WHERE state = 'failed') AS failed, count(*) AS finished
      FROM runs_run WHERE created_at >= now() - interval '1 day' AND state IN ('done', 'failed') AND mode = 'live'
), resolved AS (
    SELECT count(*) AS all_of_them, count(a.name) AS by_itself
      FROM runs_alert r LEFT JOIN runs_automation a ON a.name = r.resolved_by
     WHERE r.resolved_at >= now() - interval '30 days'
), outcomes AS (
    SELECT count(*) FILTER (WHERE state = 'success') AS good, count(*) AS decided
      FROM runs_observation
     WHERE decided_at >= now() - interval '30 days' AND state IN ('success', 'failure', 'rolled_back')
)
SELECT greatest(0, 100
           - CASE WHEN stop.on THEN 30 WHEN tick.age IS NULL OR tick.age >= 600 THEN 40
                  WHEN tick.age >= 180 THEN 15 ELSE 0 END
           - 10 * late.queues - 5 * failing.automations
           - least(15, 3 * effects.doubt) - least(15, 3 * effects.dead)
           - least(50, 25 * alerts.critical) - least(50, 10 * alerts.high) - least(50, 3 * alerts.medium)
       )::int AS health_score,
       alerts.critical AS active_incidents,
       alerts.high + alerts.medium AS warnings,
       round(100.0 * resolved.by_itself / nullif(resolved.all_of_them, 0), 1) AS auto_resolution_rate,
       round(100.0 * outcomes.good / nullif(outcomes.decided, 0), 1) AS optimization_success_rate,
       NULL::float8 AS api_p95_ms,
       NULL::float8 AS error_rate,
       round(100.0 * runs.failed / nullif(runs.finished, 0), 2) AS run_failure_rate,
       (SELECT count(*) FROM optimization_queue WHERE status = 'pending') AS pending_approvals,
       (SELECT count(*) FROM predictive_alerts WHERE status = 'pending') AS predictive_alerts,
       tick.age AS last_tick_age_seconds
  FROM alerts, tick, stop, late, failing, effects, runs, resolved, outcomes
"""

DROP = "DROP VIEW system_health_dashboard"


class Migration(migrations.Migration):
    dependencies = [("platform", "0001_initial"), ("runs", "0002_guards")]

    operations = [migrations.RunSQL(CREATE, DROP)]
