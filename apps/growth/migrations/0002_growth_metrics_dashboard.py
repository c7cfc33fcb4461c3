from django.db import migrations

# The newest day holds the newest score of every active customer, because every run scores all of them; so one
# index range is read, not the history. Values without a source yet are NULL, not zero.
VIEW = """
CREATE VIEW growth_metrics_dashboard AS
WITH newest AS (SELECT max(day) AS day FROM customer_health_scores),
scores AS (
    SELECT count(*) AS customers, count(h.score) AS scored,
           count(*) FILTER (WHERE h.score > 80) AS healthy, count(*) FILTER (WHERE h.score < 40) AS at_risk,
           avg(h.score) AS mean, max(h.calculated_at) AS calculated_at
      FROM customer_health_scores h
      JOIN newest ON h.day = newest.day
      JOIN customers_customer c ON c.id = h.customer_id AND c.status IN ('trialing', 'active', 'past_due')
), interventions AS (
    SELECT count(*) AS closed,
           count(*) FILTER (WHERE outcome = 'kept' AND score_at_end >= score_at_start) AS better
      FROM growth_intervention
     WHERE state = 'closed' AND arm = 'treated' AND outcome IN ('kept', 'canceled')
       AND closed_at > now() - interval '90 days'
), activation AS (
    SELECT count(*) AS customers, count(activated_at) AS activated
      FROM customers_customer
     WHERE status <> 'canceled' AND signed_up_at <= now() - interval '7 days'
)
SELECT s.calculated_at,
       s.calculated_at IS NULL OR s.calculated_at < now() - interval '36 hours' AS scores_stale,
       s.customers AS active_customers,
       s.scored AS scored_customers,
       round(s.mean, 2) AS average_health_score,
       round(100.0 * s.healthy / nullif(s.scored, 0), 2) AS healthy_customers_percent,
       round(100.0 * s.at_risk / nullif(s.scored, 0), 2) AS high_churn_risk_percent,
       i.closed AS interventions_closed_90d,
       round(100.0 * i.better / nullif(i.closed, 0), 2) AS intervention_success_percent,
       NULL::bigint AS pipeline_value_minor,
       round(100.0 * a.activated / nullif(a.customers, 0), 2) AS activation_rate_percent,
       NULL::numeric AS nps_score
  FROM scores s CROSS JOIN interventions i CROSS JOIN activation a
"""


class Migration(migrations.Migration):
    dependencies = [("growth", "0001_initial"), ("customers", "0001_initial")]

    operations = [migrations.RunSQL(VIEW, "DROP VIEW growth_metrics_dashboard")]
