-- Grouping that can be done again, and that people may decide about. A stack leads to a key, a key to a group: whoever changes
-- how crashes are grouped changes one of these two steps, and the events follow.

-- Everything that grouping looks at is in a stack's row: frames, and what was known beside them. Its digest covers both. What is made
-- of it stands beside it, so that a new algorithm or new rules have nothing to read but this table.
ALTER TABLE stacks ADD COLUMN facts      jsonb NOT NULL DEFAULT '{}',   -- signal, si_code, message without its parameters, executable, overflow
                   ADD COLUMN judged     jsonb NOT NULL DEFAULT '{}',   -- class, tag, detail: what the rules make of it
                   ADD COLUMN base       bytea,                         -- its key before anybody's decision
                   ADD COLUMN key        bytea,                         -- the key that leads to its group; NULL: never made
                   ADD COLUMN more_keys  bytea[] NOT NULL DEFAULT '{}', -- others that lead there too: by build-id and offset
                   ADD COLUMN quality    smallint NOT NULL DEFAULT 1,   -- of key, as in group_fingerprints
                   ADD COLUMN title      text NOT NULL DEFAULT '',      -- of a group that has no other stack
                   ADD COLUMN title_rank smallint NOT NULL DEFAULT 0,
                   ADD COLUMN grouped    text NOT NULL DEFAULT '';      -- algorithm and rules by which: '2/0123456789abcdef'; '': to be done
CREATE INDEX ON stacks (key);
CREATE INDEX ON stacks (grouped);

-- The key that a stack had before it was grouped anew, by which its crashes find their group until all stacks have got theirs. Stacks of one
-- group that have the same lot were one before.
CREATE TABLE stack_lineages (
    stack_id integer PRIMARY KEY REFERENCES stacks ON DELETE CASCADE,
    key      bytea,                           -- NULL: it had none
    lot      bytea NOT NULL
);

-- What a person has decided. Decisions outlive every new algorithm and every new rule.
CREATE TABLE grouping_decisions (
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT now(),
    actor     text NOT NULL,                  -- as in audit_log
    kind      text NOT NULL CHECK (kind IN ('merge', 'split')),
    group_id  integer NOT NULL REFERENCES crash_groups ON DELETE CASCADE, -- that has both now; that was split
    other_id  integer REFERENCES crash_groups ON DELETE CASCADE,          -- merge: that was merged into it
    detail    jsonb NOT NULL DEFAULT '{}',    -- merge: stacks and state of the other; split: the selector
    undone_at timestamptz,
    undone_by text
);
CREATE INDEX ON grouping_decisions (group_id);
CREATE INDEX ON grouping_decisions (other_id) WHERE other_id IS NOT NULL;

-- Crashes with this key are told apart by something more of theirs: the key that counts is made of the decision and the selector's value,
-- so that those of one value stay together whichever key they had.
CREATE TABLE key_splits (
    base        bytea PRIMARY KEY,
    selector    jsonb NOT NULL,               -- {"frame": 2}, {"signal": true}, {"executable": true}
    decision_id integer NOT NULL REFERENCES grouping_decisions ON DELETE CASCADE
);
CREATE INDEX ON key_splits (decision_id);

-- What was asked for, and how far it is. One process of all workers does it, one after the other.
CREATE TABLE grouping_requests (
    id       integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT now(),
    actor    text NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('merge', 'split', 'undo', 'regroup', 'reprocess')),
    detail   jsonb NOT NULL DEFAULT '{}',     -- merge: {"group", "into"}; split: {"group", "selector"}; undo: {"decision"};
                                              -- reprocess: {"group"} or {"build_id"}; regroup: {"grouped"}; with {"preview": true} a
                                              -- merge or a split only tells what it would do; {"result"} is what was done, or told
    step     smallint NOT NULL DEFAULT 0,     -- of several, that is to be done next
    state    text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    total    bigint NOT NULL DEFAULT 0,       -- stacks or events
    done     bigint NOT NULL DEFAULT 0,
    problem  text,
    began_at timestamptz,
    ended_at timestamptz
);
CREATE INDEX ON grouping_requests (id) WHERE state IN ('waiting', 'running');

ALTER TABLE crash_groups ADD COLUMN held       boolean NOT NULL DEFAULT false, -- by a merge: no algorithm splits it
                         ADD COLUMN split_hint jsonb;                          -- what would split it, when its crashes differ

GRANT SELECT, INSERT, UPDATE, DELETE ON grouping_decisions, key_splits, stack_lineages TO "corral-workerd";
GRANT SELECT, INSERT, UPDATE ON grouping_requests TO "corral-workerd";
GRANT SELECT ON grouping_decisions, key_splits, grouping_requests TO "corral-dashd";
GRANT INSERT ON grouping_requests TO "corral-dashd";
