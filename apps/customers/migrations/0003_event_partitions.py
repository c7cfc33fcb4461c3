"""The table of events, partitioned by month, with a default partition so that nothing is refused."""

from django.db import migrations

KINDS = (
    "'impression', 'login', 'dashboard_view', 'feature_use', 'config_change', 'doc_view', "
    "'api_call', 'api_error', 'sdk_download', 'first_api_request', 'first_impression'"
)

TABLE = f"""
CREATE TABLE customers_event (
    customer_id bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    key uuid NOT NULL,
    kind varchar(20) NOT NULL CONSTRAINT event_kind_known CHECK (kind IN ({KINDS})),
    quantity bigint NOT NULL CONSTRAINT event_quantity_positive CHECK (quantity > 0),
    feature varchar(100) NOT NULL DEFAULT '',
    received_at timestamptz NOT NULL,
    PRIMARY KEY (customer_id, occurred_at, key)
) PARTITION BY RANGE (occurred_at);
CREATE TABLE customers_event_default PARTITION OF customers_event DEFAULT;
ALTER TABLE customers_usage_daily SET (fillfactor = 80);
CREATE INDEX customers_event_key_received ON customers_event_key USING brin (received_on);
"""

# The months an event may still be sent for, this one and two ahead; the rest is roll_partitions' work.
MONTHS = """
DO $$
DECLARE first timestamptz; month int;
BEGIN
    FOR month IN -3..2 LOOP
        first := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => month)) AT TIME ZONE 'UTC';
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF customers_event FOR VALUES FROM (%L) TO (%L)',
            to_char(first AT TIME ZONE 'UTC', '"customers_event_y"YYYY"m"MM'),
            first,
            (first AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'
        );
    END LOOP;
END $$;
"""

UNDO = """
DROP INDEX customers_event_key_received;
ALTER TABLE customers_usage_daily RESET (fillfactor);
DROP TABLE customers_event;
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_usage")]

    operations = [
        migrations.RunSQL(TABLE, UNDO),
        migrations.RunSQL(MONTHS, migrations.RunSQL.noop),
    ]
