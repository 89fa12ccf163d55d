-- What stacks lack, and what becomes of their events when it arrives: each is analysed again, and its group keeps its number, its
-- state and its history. Nothing here is touched by a repeat of a known crash but one counter beside those that it touches anyway.

-- A row for each build-id whose file, or whose debug information, was not there when a stack was made.
CREATE TABLE modules (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    build_id   text NOT NULL UNIQUE,
    path       text NOT NULL,                 -- as mapped, where it was seen first
    first_seen timestamptz NOT NULL
);

-- Written once a stack, not with each of its crashes: libc's row would be the hottest of all.
CREATE TABLE stack_modules (
    stack_id  integer NOT NULL REFERENCES stacks ON DELETE CASCADE,
    module_id integer NOT NULL REFERENCES modules,
    status    smallint NOT NULL CHECK (status BETWEEN 0 AND 2), -- 0 missing, 1 stripped, 2 symbols without debug information
    PRIMARY KEY (stack_id, module_id)
);
CREATE INDEX ON stack_modules (module_id);

-- How many events of a group show a stack. The way from a stack to its events, which need no index of their own for it, and what
-- keeps a stack: the last row's end is the stack's.
CREATE TABLE group_stacks (
    group_id     integer NOT NULL REFERENCES crash_groups ON DELETE CASCADE,
    stack_id     integer NOT NULL REFERENCES stacks,
    events       bigint NOT NULL,
    without_core bigint NOT NULL DEFAULT 0,   -- of these, whose core is gone: they stay as they are
    PRIMARY KEY (group_id, stack_id)
) WITH (fillfactor = 50);
CREATE INDEX ON group_stacks (stack_id);

INSERT INTO group_stacks (group_id, stack_id, events)
SELECT group_id, stack_id, count(*) FROM crash_events WHERE stack_id IS NOT NULL GROUP BY 1, 2;
INSERT INTO modules (build_id, path, first_seen) SELECT build_id, path, first_seen FROM missing_modules;
INSERT INTO stack_modules (stack_id, module_id, status)
SELECT s.id, m.id, 0 FROM modules m JOIN stacks s ON s.build_ids @> ARRAY[m.build_id];
DROP TABLE missing_modules;

-- What is missing, and how many events it would heal.
CREATE VIEW missing_modules AS
    SELECT m.build_id, m.path, m.first_seen,
           CASE min(s.status) WHEN 0 THEN 'missing' WHEN 1 THEN 'stripped' ELSE 'symbols' END AS status,
           sum(g.events - g.without_core)::bigint AS events,
           count(DISTINCT g.group_id) AS groups
    FROM modules m JOIN stack_modules s ON s.module_id = m.id JOIN group_stacks g ON g.stack_id = s.stack_id
    GROUP BY m.id HAVING sum(g.events - g.without_core) > 0;

-- When an event was analysed again last, and why; or why it could not be. A row only where crash_events.flags has 16.
CREATE TABLE event_reanalyses (
    crash_id    uuid NOT NULL,
    received_at timestamptz NOT NULL,
    at          timestamptz NOT NULL,
    build_ids   text[] NOT NULL,              -- that had arrived; empty: it was asked for by hand
    problem     text,                         -- the event is as it was, and this is why
    PRIMARY KEY (crash_id, received_at)
);
CREATE INDEX ON event_reanalyses (received_at);
COMMENT ON COLUMN crash_events.flags IS '1 restricted, 2 truncated, 4 without a usable stack, 8 stands for several (event_counts), '
    '16 analysed again (event_reanalyses), 32 its core is gone';

-- Two groups that turned out to be one: the older one has everything, the other leads to it. Rows of a large one's events follow
-- in portions (moving); everything that is counted moves at once.
ALTER TABLE crash_groups ADD COLUMN merged_into integer REFERENCES crash_groups ON DELETE CASCADE,
                         ADD COLUMN moving boolean NOT NULL DEFAULT false,
                         ADD COLUMN title_rank smallint NOT NULL DEFAULT 0; -- 0 names a program, 1 an offset, 2 a function, 3 its line
CREATE INDEX ON crash_groups (merged_into) WHERE merged_into IS NOT NULL;
UPDATE crash_groups SET title_rank = CASE WHEN title ~ '[(][)] .*:[0-9]+$' THEN 3 WHEN title ~ '[(][)]' THEN 2
                                          WHEN title ~ '[+]0x[0-9a-f]+$' THEN 1 ELSE 0 END;

-- How much of its stack a key knows: 0 no frame, 1 frames without names or lines, 2 all that debug information can tell.
ALTER TABLE group_fingerprints ADD COLUMN quality smallint NOT NULL DEFAULT 1;

-- What was asked of debuginfod servers and folders, so that it is not asked again too soon.
CREATE TABLE module_fetches (
    module_id integer NOT NULL REFERENCES modules,
    kind      text NOT NULL CHECK (kind IN ('executable', 'debuginfo')),
    tried_at  timestamptz NOT NULL,
    again_at  timestamptz NOT NULL,
    outcome   text NOT NULL,
    PRIMARY KEY (module_id, kind)
);

-- The end of a day's events: their counts by stack go with them, all others stay. For the owner of the database.
CREATE FUNCTION drop_events(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    partition text := 'crash_events_' || to_char(day, 'YYYYMMDD');
    begins timestamptz := day::timestamp AT TIME ZONE 'UTC';
BEGIN
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', partition);
    EXECUTE format('UPDATE group_stacks s SET events = s.events - e.n, without_core = s.without_core - e.gone FROM '
                   '(SELECT group_id, stack_id, count(*) AS n, count(*) FILTER (WHERE flags & 32 <> 0) AS gone FROM %I '
                   'WHERE stack_id IS NOT NULL GROUP BY 1, 2) e WHERE s.group_id = e.group_id AND s.stack_id = e.stack_id', partition);
    DELETE FROM group_stacks WHERE events <= 0;
    DELETE FROM stacks s WHERE NOT EXISTS (SELECT FROM group_stacks g WHERE g.stack_id = s.id);
    DELETE FROM event_counts WHERE received_at >= begins AND received_at < begins + interval '1 day';
    DELETE FROM event_reanalyses WHERE received_at >= begins AND received_at < begins + interval '1 day';
    EXECUTE format('DROP TABLE %I', partition);
END $$;
REVOKE ALL ON FUNCTION drop_events(date) FROM PUBLIC;

GRANT SELECT, INSERT, UPDATE ON modules, module_fetches TO "corral-workerd";
GRANT SELECT, INSERT, UPDATE, DELETE ON stack_modules, group_stacks, event_reanalyses TO "corral-workerd";
GRANT DELETE ON stacks, group_fingerprints, group_hours, group_hosts, group_programs TO "corral-workerd";
GRANT SELECT ON missing_modules TO "corral-workerd";
GRANT SELECT ON modules, stack_modules, group_stacks, missing_modules, event_reanalyses, module_fetches TO "corral-dashd";
