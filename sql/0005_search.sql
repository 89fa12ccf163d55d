-- What can be searched for beyond what lists show. A repeat of a known crash still touches no index but those of its own row: names are
-- counted once a stack, the environment once a combination, and its counter is one more beside those of hosts and programs.

-- Letters of names are looked up by an index (postgresql-contrib; whoever owns the database may install it).
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Where a crash happened, as far as that is not its host or its program: a row for each combination. What is another one with each crash
-- (pids, ids of containers) does not belong here.
CREATE TABLE environments (
    id              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest          bytea NOT NULL UNIQUE,    -- SHA-256 over all columns below
    unit            text NOT NULL,            -- '' in each: not known
    image           text NOT NULL,
    kernel          text NOT NULL,
    architecture    text NOT NULL,
    distribution    text NOT NULL,
    package         text NOT NULL,
    package_version text NOT NULL,
    cpu             text NOT NULL
);

-- It stands where rows were padded: they stay as long as they are.
ALTER TABLE crash_events ADD COLUMN environment_id integer NOT NULL DEFAULT 0; -- 0: it came before there were any

CREATE TABLE group_environments (
    group_id       integer NOT NULL REFERENCES crash_groups ON DELETE CASCADE,
    environment_id integer NOT NULL REFERENCES environments,
    events         bigint NOT NULL,
    first_seen     timestamptz NOT NULL,
    last_seen      timestamptz NOT NULL,
    PRIMARY KEY (group_id, environment_id)
) WITH (fillfactor = 50);
CREATE INDEX ON group_environments (environment_id);

-- The rule that told the cause, of the latest analysis that showed this stack.
ALTER TABLE stacks ADD COLUMN cause text NOT NULL DEFAULT '';

-- Each name once: of functions (1), files (2), modules (3), build-ids (4) and causes (5) of stacks. Parts of names are looked for here.
-- What no stack has any more stays: it leads nowhere.
CREATE TABLE names (
    id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 5),
    name text NOT NULL,
    UNIQUE (kind, name)
);
CREATE INDEX ON names USING gin (name gin_trgm_ops);

-- In how many stacks of a group a name is. Many stacks of a group have the same names, so this is far smaller than what it is made of;
-- triggers keep it, whichever way a stack gets to a group or leaves it. A repeat has its row in group_stacks and calls none of them.
CREATE TABLE group_names (
    name_id  integer NOT NULL REFERENCES names,
    group_id integer NOT NULL REFERENCES crash_groups ON DELETE CASCADE,
    stacks   integer NOT NULL,
    PRIMARY KEY (name_id, group_id)
) WITH (fillfactor = 80);
CREATE INDEX ON group_names (group_id);       -- for the end of a group

CREATE FUNCTION stack_names(s stacks) RETURNS TABLE (kind smallint, name text) LANGUAGE sql IMMUTABLE AS $$
    SELECT 1::smallint, unnest(s.functions) UNION SELECT 2, unnest(s.files) UNION SELECT 3, unnest(s.modules)
    UNION SELECT 4, unnest(s.build_ids) UNION SELECT 5, s.cause WHERE s.cause <> '' ORDER BY 1, 2
$$;

-- One stack more (1) or less (-1) in a group, with the names that it has or had.
CREATE FUNCTION count_names(of_group integer, s stacks, change integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO group_names AS g (name_id, group_id, stacks)
    SELECT n.id, of_group, change FROM stack_names(s) u JOIN names n ON n.kind = u.kind AND n.name = u.name
    ON CONFLICT (name_id, group_id) DO UPDATE SET stacks = g.stacks + excluded.stacks;
    IF change < 0 THEN
        DELETE FROM group_names g USING stack_names(s) u JOIN names n ON n.kind = u.kind AND n.name = u.name
        WHERE g.name_id = n.id AND g.group_id = of_group AND g.stacks <= 0;
    END IF;
END $$;

-- In their order, so that two of these don't deadlock.
CREATE FUNCTION stack_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO names (kind, name) SELECT u.kind, u.name FROM stack_names(NEW) u
    WHERE NOT EXISTS (SELECT FROM names n WHERE n.kind = u.kind AND n.name = u.name) ON CONFLICT DO NOTHING;
    IF TG_OP = 'UPDATE' THEN
        PERFORM count_names(g.group_id, OLD, -1), count_names(g.group_id, NEW, 1) FROM group_stacks g WHERE g.stack_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER names_of_new AFTER INSERT ON stacks FOR EACH ROW EXECUTE FUNCTION stack_told();
CREATE TRIGGER names_of_changed AFTER UPDATE OF functions, files, modules, build_ids, cause ON stacks FOR EACH ROW
WHEN ((OLD.functions, OLD.files, OLD.modules, OLD.build_ids, OLD.cause) IS DISTINCT FROM
      (NEW.functions, NEW.files, NEW.modules, NEW.build_ids, NEW.cause)) EXECUTE FUNCTION stack_told();

CREATE FUNCTION stack_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM count_names(NEW.group_id, s, 1) FROM stacks s WHERE s.id = NEW.stack_id;
    ELSIF EXISTS (SELECT FROM crash_groups WHERE id = OLD.group_id) THEN
        PERFORM count_names(OLD.group_id, s, -1) FROM stacks s WHERE s.id = OLD.stack_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER names_of_group AFTER INSERT OR DELETE ON group_stacks FOR EACH ROW EXECUTE FUNCTION stack_moved();

INSERT INTO names (kind, name) SELECT DISTINCT u.kind, u.name FROM stacks s, stack_names(s) u;
INSERT INTO group_names (name_id, group_id, stacks)
SELECT n.id, g.group_id, count(*) FROM group_stacks g JOIN stacks s ON s.id = g.stack_id, stack_names(s) u, names n
WHERE n.kind = u.kind AND n.name = u.name GROUP BY 1, 2;

GRANT SELECT, INSERT ON environments, names TO "corral-workerd";
GRANT SELECT, INSERT, UPDATE, DELETE ON group_environments, group_names TO "corral-workerd";
GRANT SELECT ON environments, group_environments, names, group_names, problems TO "corral-dashd";
