-- Groups that look like several bugs: what would tell their crashes apart is found by corral-workerd, which looks at a group when what
-- its crashes show has changed.

-- Groups that are to be looked at. Whoever changes which stacks a group shows has the group's lock, so nobody waits here. Rows of groups
-- that are gone are of no account, and dropped by whoever looks.
CREATE TABLE hints_due (
    group_id integer PRIMARY KEY,
    since    timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A group of one stack has nothing that could differ.
CREATE FUNCTION hint_becomes_due() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed group_stacks := coalesce(NEW, OLD);
BEGIN
    IF TG_OP <> 'INSERT'
       OR EXISTS (SELECT FROM group_stacks o WHERE o.group_id = changed.group_id AND o.stack_id <> changed.stack_id) THEN
        INSERT INTO hints_due (group_id) VALUES (changed.group_id)
        ON CONFLICT (group_id) DO UPDATE SET since = excluded.since;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER hint_due AFTER INSERT OR DELETE ON group_stacks FOR EACH ROW EXECUTE FUNCTION hint_becomes_due();
-- How often a stack was seen counts by steps (workerd/regroup/detector.c).
CREATE TRIGGER hint_due_by_events AFTER UPDATE OF events ON group_stacks FOR EACH ROW
    WHEN (width_bucket(OLD.events, '{3,10}'::bigint[]) <> width_bucket(NEW.events, '{3,10}'::bigint[]))
    EXECUTE FUNCTION hint_becomes_due();

INSERT INTO hints_due (group_id) SELECT group_id FROM group_stacks GROUP BY group_id HAVING count(*) > 1;

-- The hint that a person found wrong, with "at" and "actor": none is given again until its camps are others.
ALTER TABLE crash_groups ADD COLUMN hint_dismissed jsonb;

-- The decisions that its key is made of, the first one first: a split of what was split has no key of the grouping's own.
ALTER TABLE stacks ADD COLUMN splits integer[] NOT NULL DEFAULT '{}';
CREATE INDEX ON stacks USING gin (splits);
UPDATE stacks AS s SET splits = ARRAY[k.decision_id] FROM key_splits k WHERE k.base = s.base;

GRANT SELECT, INSERT, UPDATE, DELETE ON hints_due TO "corral-workerd";
GRANT UPDATE (split_hint, hint_dismissed) ON crash_groups TO "corral-dashd";
