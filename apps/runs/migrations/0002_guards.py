"""What the database itself enforces: the log is append-only, and a proposal's status moves only as it may."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION evolution_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'evolution_log is append-only: % is refused', TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Write a new entry that corrects the old one.';
END $$;
CREATE TRIGGER evolution_log_no_change BEFORE UPDATE OR DELETE ON evolution_log
    FOR EACH ROW EXECUTE FUNCTION evolution_log_is_append_only();
CREATE TRIGGER evolution_log_no_truncate BEFORE TRUNCATE ON evolution_log
    FOR EACH STATEMENT EXECUTE FUNCTION evolution_log_is_append_only();
"""

APPEND_ONLY_BACK = """
DROP TRIGGER evolution_log_no_truncate ON evolution_log;
DROP TRIGGER evolution_log_no_change ON evolution_log;
DROP FUNCTION evolution_log_is_append_only();
"""

REVIEW = """
CREATE FUNCTION optimization_queue_review() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    allowed text[];
BEGIN
    IF NEW.status IS NOT DISTINCT FROM OLD.status THEN
        RETURN NEW;
    END IF;
    allowed := CASE OLD.status
        WHEN 'pending'  THEN ARRAY['snoozed', 'approved', 'rejected', 'applied', 'expired']
        WHEN 'snoozed'  THEN ARRAY['pending', 'approved', 'rejected', 'applied', 'expired']
        WHEN 'approved' THEN ARRAY['applying', 'applied', 'failed', 'rejected']
        WHEN 'applying' THEN ARRAY['applied', 'failed', 'approved']
        WHEN 'failed'   THEN ARRAY['approved', 'applied', 'rejected']
        ELSE ARRAY[]::text[]
    END;
    IF NOT NEW.status = ANY (allowed) THEN
        RAISE EXCEPTION 'a proposal that is % cannot become %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation',
                  HINT = 'From here it can become: ' || coalesce(nullif(array_to_string(allowed, ', '), ''), 'nothing');
    END IF;
    IF NEW.status IN ('approved', 'rejected') AND OLD.status IN ('pending', 'snoozed', 'failed')
       AND NEW.reviewed_at IS NOT DISTINCT FROM OLD.reviewed_at THEN
        NEW.reviewed_at := now();
        NEW.reviewed_by := 'sql:' || session_user;
        NEW.lease_until := NULL;
        NEW.attempts := 0;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER optimization_queue_review BEFORE UPDATE ON optimization_queue
    FOR EACH ROW EXECUTE FUNCTION optimization_queue_review();
"""

REVIEW_BACK = """
DROP TRIGGER optimization_queue_review ON optimization_queue;
DROP FUNCTION optimization_queue_review();
"""


class Migration(migrations.Migration):
    dependencies = [("runs", "0001_initial")]

    operations = [
        migrations.RunSQL(APPEND_ONLY, APPEND_ONLY_BACK),
        migrations.RunSQL(REVIEW, REVIEW_BACK),
    ]
