-- Crashes that a host only counted come as one report for many: one event (crash_events.flags & 8), which stands for so many crashes.
CREATE TABLE event_counts (
    crash_id    uuid NOT NULL,
    received_at timestamptz NOT NULL,
    first_at    timestamptz NOT NULL,         -- of the first of them, the host's clock; the last is the event's crashed_at
    crashes     integer NOT NULL,
    PRIMARY KEY (crash_id, received_at)
);
CREATE INDEX ON event_counts (received_at);   -- for retention, which has no partition to drop here

-- One report may stand for as many as an integer holds, so the sum of two needs more. No row gets longer: the column stood before padding.
ALTER TABLE group_hours ALTER COLUMN events TYPE bigint;

COMMENT ON COLUMN crash_events.flags IS '1 restricted, 2 truncated, 4 without a usable stack, 8 stands for several (event_counts)';

GRANT SELECT, INSERT ON event_counts TO "corral-workerd";
GRANT SELECT ON event_counts TO "corral-dashd";
