-- What people do with groups: resolve them in a version, mute them for a while, assign, label, link and discuss them. A group that is
-- resolved or muted rests; what wakes it is decided in one place, group_status_after.

-- Versions sort as bytes (common/report/versionorder.h); NULL: not told yet; '': it has no order.
ALTER TABLE programs ADD COLUMN version_order bytea;

ALTER TABLE crash_groups DROP CONSTRAINT crash_groups_status_check;
ALTER TABLE crash_groups ADD CONSTRAINT crash_groups_status_check
    CHECK (status IN ('new', 'ongoing', 'escalating', 'resolved', 'regressed', 'muted'));
ALTER TABLE crash_groups ADD COLUMN assignee integer REFERENCES users ON DELETE SET NULL,
                         ADD COLUMN revision integer NOT NULL DEFAULT 0; -- one more with each change by people: the group's ETag

-- What ends a rest before somebody does. No row: a resolved group wakes with any crash, a muted one never.
CREATE TABLE group_rests (
    group_id      integer PRIMARY KEY REFERENCES crash_groups ON DELETE CASCADE,
    executable    text,                       -- whose versions are meant; NULL: versions say nothing
    version       text,                       -- resolved in it, or seen last when it was muted
    version_order bytea,
    beyond        boolean NOT NULL DEFAULT false, -- only a later version wakes it, not that one
    until         timestamptz,                -- muted: then it ends
    events        bigint,                     -- muted: so many more crashes end it,
    events_at     bigint,                     -- … which is when the group has had so many;
    hours         integer                     -- … or so many within this time; then events_at is NULL
);

-- What happened to a group, and what was said about it. The audit log says who did what to anything; this is what a page tells.
CREATE TABLE group_activity (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id integer NOT NULL REFERENCES crash_groups ON DELETE CASCADE,
    at       timestamptz NOT NULL DEFAULT now(),
    actor    text NOT NULL,                   -- as in audit_log
    kind     text NOT NULL,                   -- comment, resolved, reopened, muted, unmuted, assigned, labelled, linked, regressed, …
    detail   jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX ON group_activity (group_id, id DESC);

CREATE TABLE group_labels (
    group_id integer NOT NULL REFERENCES crash_groups ON DELETE CASCADE,
    label    text NOT NULL,
    PRIMARY KEY (group_id, label)
);
CREATE INDEX ON group_labels (label);

CREATE TABLE group_links (
    id       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id integer NOT NULL REFERENCES crash_groups ON DELETE CASCADE,
    url      text NOT NULL,
    UNIQUE (group_id, url)
);

-- Whether a crash of this program is one of the versions that wake the group.
CREATE FUNCTION rest_meets_version(r group_rests, program integer) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM programs p WHERE p.id = program AND p.executable = r.executable
                   AND p.version_order <> '' AND r.version_order <> ''
                   AND (p.version_order > r.version_order OR NOT r.beyond AND p.version_order = r.version_order))
$$;

-- The status of a group after a crash that was received at that time, of that program (NULL: of any that it had since), by which the
-- group has had so many crashes. A version that has no order wakes nothing that waits for one.
CREATE FUNCTION group_status_after(g crash_groups, received timestamptz, program integer, events bigint) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    r group_rests;
    meets boolean;
BEGIN
    IF g.status NOT IN ('resolved', 'muted') OR g.status = 'resolved' AND received <= g.resolved_at THEN
        RETURN g.status;
    END IF;
    SELECT * INTO r FROM group_rests WHERE group_id = g.id;
    IF NOT FOUND THEN
        RETURN CASE g.status WHEN 'resolved' THEN 'regressed' ELSE g.status END;
    END IF;
    IF program IS NULL THEN
        meets := EXISTS (SELECT FROM group_programs gp WHERE gp.group_id = g.id AND gp.last_seen > g.resolved_at
                         AND rest_meets_version(r, gp.program_id));
    ELSE
        meets := rest_meets_version(r, program);
    END IF;
    IF g.status = 'resolved' THEN
        RETURN CASE WHEN meets THEN 'regressed' ELSE g.status END;
    END IF;
    RETURN CASE WHEN meets OR events >= r.events_at THEN 'ongoing' ELSE g.status END;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON group_rests, group_labels, group_links TO "corral-workerd", "corral-dashd";
GRANT SELECT, INSERT ON group_activity TO "corral-workerd", "corral-dashd";
GRANT UPDATE (group_id) ON group_activity TO "corral-workerd";
GRANT UPDATE (assignee, revision) ON crash_groups TO "corral-dashd";
GRANT SELECT (id, name, role, disabled_at) ON users TO "corral-workerd";
