-- The whole schema of the first version. Ids are small integers wherever a row repeats with every crash: a known crash that
-- happens again costs one narrow row in crash_events and updates elsewhere. What differs from crash to crash (registers,
-- addresses, metadata) stays in the blob store beside the core; what is shared is stored once (stacks, hosts, programs).

-- Who connects: one role for each daemon, named like its system user, so that peer authentication needs no map.
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['corral-ingestd', 'corral-workerd', 'corral-dashd'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', name);
        END IF;
    END LOOP;
END $$;
-- What a person waits for may not keep the database busy for longer than anybody waits.
ALTER ROLE "corral-dashd" SET statement_timeout = '10s';

-- Machines that crashes came from.
CREATE TABLE hosts (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hostname   text NOT NULL UNIQUE,
    first_seen timestamptz NOT NULL,
    last_seen  timestamptz NOT NULL
) WITH (fillfactor = 50);

-- A program in one version: the path it ran from and whatever told its version ('' when nothing did).
CREATE TABLE programs (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    executable text NOT NULL,
    version    text NOT NULL,
    UNIQUE (executable, version)
);

-- One bug, as far as we can tell. Counts live here so that lists need no join; last_seen and event_count have no
-- index on purpose: an update of them then touches no index (HOT), and ten thousand groups sort in a blink. This and the other
-- tables that every crash updates have room on each page for the new version of a row (fillfactor).
CREATE TABLE crash_groups (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title       text NOT NULL,
    executable  text NOT NULL DEFAULT '',
    signal      smallint NOT NULL DEFAULT 0,
    status      text NOT NULL DEFAULT 'new'
                CHECK (status IN ('new', 'ongoing', 'resolved', 'regressed', 'muted')),
    first_seen  timestamptz NOT NULL,
    last_seen   timestamptz NOT NULL,
    event_count bigint NOT NULL DEFAULT 0,
    host_count  integer NOT NULL DEFAULT 0,
    resolved_at timestamptz,
    resolved_by integer
) WITH (fillfactor = 50);

-- The keys that lead to a group: several for one group, never one for several.
CREATE TABLE group_fingerprints (
    fingerprint bytea PRIMARY KEY,            -- SHA-256
    group_id    integer NOT NULL REFERENCES crash_groups ON DELETE CASCADE,
    algorithm   smallint NOT NULL
);
CREATE INDEX ON group_fingerprints (group_id);

-- The crashing thread's stack, stored once for its content.
CREATE TABLE stacks (
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest    bytea NOT NULL UNIQUE,          -- SHA-256 over the frames, without absolute addresses
    frames    jsonb NOT NULL,                 -- as in analysis.json less pc, plus on each the grouping's "verdict" and "rule"
    functions text[] NOT NULL DEFAULT '{}',
    files     text[] NOT NULL DEFAULT '{}',
    modules   text[] NOT NULL DEFAULT '{}',
    build_ids text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX ON stacks USING gin (functions);
CREATE INDEX ON stacks USING gin (files);
CREATE INDEX ON stacks USING gin (modules);
CREATE INDEX ON stacks USING gin (build_ids);

-- Why an event has no stack, or not all of it. Few different texts for many events.
CREATE TABLE problems (
    id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    problem text NOT NULL UNIQUE
);

-- One row for each crash, in a partition for each day of receipt (UTC), so that retention drops tables. The id is unique together with
-- the time of receipt, which is fixed in the crash's record before it is acknowledged: a job that runs twice meets itself. Columns
-- stand by size and are hardly ever NULL, which keeps a row at 88 bytes.
CREATE TABLE crash_events (
    crash_id    uuid NOT NULL,
    received_at timestamptz NOT NULL,
    crashed_at  timestamptz NOT NULL,
    group_id    integer NOT NULL,
    stack_id    integer,                      -- NULL: no stack could be made
    host_id     integer NOT NULL,
    program_id  integer NOT NULL,
    problem_id  integer NOT NULL DEFAULT 0,   -- 0: none
    pid         integer,
    signal      smallint NOT NULL DEFAULT 0,
    flags       smallint NOT NULL DEFAULT 0,  -- 1 restricted, 2 truncated, 4 without a usable stack
    PRIMARY KEY (crash_id, received_at)
) PARTITION BY RANGE (received_at);
CREATE INDEX ON crash_events (group_id, received_at DESC);
CREATE INDEX ON crash_events (received_at) WHERE problem_id <> 0;

CREATE VIEW event_problems AS
    SELECT e.crash_id, e.received_at, p.problem
    FROM crash_events e JOIN problems p ON p.id = e.problem_id WHERE e.problem_id <> 0;

-- Counters for charts and bars; one row an hour, a host, a program of each group.
CREATE TABLE group_hours (
    group_id integer NOT NULL REFERENCES crash_groups ON DELETE CASCADE,
    hour     timestamptz NOT NULL,
    events   integer NOT NULL,
    PRIMARY KEY (group_id, hour)
) WITH (fillfactor = 50);
CREATE INDEX ON group_hours (hour);
CREATE TABLE group_hosts (
    group_id   integer NOT NULL REFERENCES crash_groups ON DELETE CASCADE,
    host_id    integer NOT NULL REFERENCES hosts,
    events     bigint NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen  timestamptz NOT NULL,
    PRIMARY KEY (group_id, host_id)
) WITH (fillfactor = 50);
CREATE TABLE group_programs (
    group_id   integer NOT NULL REFERENCES crash_groups ON DELETE CASCADE,
    program_id integer NOT NULL REFERENCES programs,
    events     bigint NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen  timestamptz NOT NULL,
    PRIMARY KEY (group_id, program_id)
) WITH (fillfactor = 50);

-- Build-ids that frames lacked. A row is touched when a stack is stored that lacks it, not with each crash of that stack: libc's
-- would be the hottest row of all. So events counts the first events of such stacks; a ranking multiplies stacks by their crashes.
CREATE TABLE missing_modules (
    build_id   text PRIMARY KEY,
    path       text NOT NULL,
    events     bigint NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen  timestamptz NOT NULL
);

-- People and programs that may ask.
CREATE TABLE users (
    id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL UNIQUE,
    password_hash text NOT NULL,              -- argon2id, libsodium's text form
    role          text NOT NULL DEFAULT 'viewer' CHECK (role IN ('viewer', 'triager', 'developer', 'admin')),
    created_at    timestamptz NOT NULL DEFAULT now(),
    disabled_at   timestamptz
);
CREATE TABLE sessions (
    digest     bytea PRIMARY KEY,             -- SHA-256 of the cookie
    user_id    integer NOT NULL REFERENCES users ON DELETE CASCADE,
    csrf       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX ON sessions (expires_at);
CREATE TABLE api_tokens (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    scope      text NOT NULL CHECK (scope IN ('ingest', 'symbols', 'read', 'write', 'admin')),
    digest     bytea NOT NULL UNIQUE,         -- SHA-256 of the token
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);

-- Who did what. The daemons may add rows and nothing else.
CREATE TABLE audit_log (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT now(),
    actor    text NOT NULL,                   -- user:NAME, token:ID, system
    action   text NOT NULL,                   -- group.resolve, core.download, user.login, …
    subject  text NOT NULL DEFAULT '',
    detail   jsonb NOT NULL DEFAULT '{}',
    remote   text NOT NULL DEFAULT ''
);
CREATE INDEX ON audit_log (at);

-- Alerts: rules, and messages that wait to be delivered.
CREATE TABLE alert_rules (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    trigger    text NOT NULL,
    settings   jsonb NOT NULL DEFAULT '{}',
    enabled    boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE alert_outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_id      integer REFERENCES alert_rules ON DELETE CASCADE,
    group_id     integer REFERENCES crash_groups ON DELETE CASCADE,
    payload      jsonb NOT NULL,
    attempts     integer NOT NULL DEFAULT 0,
    next_try_at  timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    last_error   text
);

-- Partitions are made by whoever first needs one; the daemons may not create tables, so this runs with its owner's rights.
CREATE FUNCTION ensure_event_partition(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    partition text := 'crash_events_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF to_regclass(partition) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('ensure_event_partition'));
    EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF crash_events FOR VALUES FROM (%L) TO (%L)',
                   partition, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
END $$;
REVOKE ALL ON FUNCTION ensure_event_partition(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_event_partition(date) TO "corral-workerd";

GRANT USAGE ON SCHEMA public TO "corral-ingestd", "corral-workerd", "corral-dashd";
GRANT SELECT ON api_tokens TO "corral-ingestd";
GRANT SELECT, INSERT, UPDATE ON hosts, programs, crash_groups, group_fingerprints, stacks, crash_events,
    problems, group_hours, group_hosts, group_programs, missing_modules, alert_outbox TO "corral-workerd";
GRANT SELECT ON alert_rules TO "corral-workerd";
GRANT INSERT ON audit_log TO "corral-workerd", "corral-dashd";
GRANT SELECT ON hosts, programs, group_fingerprints, stacks, crash_events, event_problems, group_hours,
    group_hosts, group_programs, missing_modules, audit_log, alert_outbox TO "corral-dashd";
GRANT SELECT ON crash_groups TO "corral-dashd";
GRANT UPDATE (status, resolved_at, resolved_by) ON crash_groups TO "corral-dashd";
GRANT SELECT, INSERT, UPDATE, DELETE ON users, sessions, api_tokens, alert_rules TO "corral-dashd";
