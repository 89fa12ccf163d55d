-- SPDX-License-Identifier: Apache-2.0
-- What the made-up fleet's groups are made of, and what people decided about them: for pages that say why and offer to change it.
-- After fixture.sql, with the same psql variables. Groups: 1 is like 11 and 12, and G-71 was merged into it; 3 is three bugs; 10 is hostile.
BEGIN;

-- Workers that ran before may have asked for something.
TRUNCATE grouping_requests RESTART IDENTITY;

-- A stack of so many frames, given as FUNCTION/VERDICT/RULE.
CREATE FUNCTION pg_temp.frames(VARIADIC frames text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'function', p[1] || '(int)', 'name', p[1], 'file', '/build/src/' || p[1] || '.c', 'line', 10 + i, 'module', '/opt/render/bin/render-worker',
        'offset', '0x' || to_hex(4096 + i * 64), 'trust', CASE i WHEN 1 THEN 'context' ELSE 'cfi' END,
        'verdict', p[2], 'rule', nullif(p[3], ''))) ORDER BY i)
    FROM unnest(frames) WITH ORDINALITY AS t (f, i), string_to_array(f, '/') AS p
$$;
CREATE FUNCTION pg_temp.stack(id integer, f jsonb, sig integer, exe text) RETURNS void LANGUAGE sql AS $$
    UPDATE stacks SET frames = f, functions = ARRAY(SELECT DISTINCT v->>'name' FROM jsonb_array_elements(f) AS v WHERE v ? 'name'),
        facts = jsonb_build_object('signal', sig, 'executable', exe, 'class', 'memory') WHERE stacks.id = stack.id;
$$;
CREATE FUNCTION pg_temp.stack_of(g integer) RETURNS integer LANGUAGE sql AS $$ SELECT min(stack_id) FROM group_stacks WHERE group_id = g $$;

-- The fixture's stacks as a worker would have stored them.
UPDATE stacks SET grouped = '2/0123456789abcdef', key = digest, base = digest,
    facts = jsonb_build_object('signal', 11, 'executable', '/usr/sbin/ordersd', 'class', 'memory'),
    frames = (SELECT jsonb_agg(CASE WHEN v ? 'function' THEN v || jsonb_build_object('name', v->>'function') ELSE v END ORDER BY i)
              FROM jsonb_array_elements(frames) WITH ORDINALITY AS f (v, i));
UPDATE stacks SET functions = ARRAY(SELECT DISTINCT v->>'name' FROM jsonb_array_elements(frames) AS v WHERE v ? 'name');
UPDATE stacks SET facts = facts || '{"signal": 6, "tag": "heap-corruption", "detail": "free(): invalid pointer", "message": "free(): invalid pointer"}'
WHERE id = pg_temp.stack_of(2);

SELECT pg_temp.stack(pg_temp.stack_of(11), pg_temp.frames('process_data/kept/', 'orders::Session::on_message/kept/',
    'orders::Session::dispatch/limit/', 'orders::retry/limit/', 'main/bottom/entry'), 11, '/usr/sbin/ordersd');
SELECT pg_temp.stack(pg_temp.stack_of(12), pg_temp.frames('memcpy/skipped/string', 'process_data/kept/', 'orders::replay/kept/',
    'orders::Session::dispatch/limit/', 'main/bottom/entry'), 11, '/usr/sbin/ordersd');

-- Group 3 goes three ways behind the frames that count, one of them by another signal and program.
INSERT INTO stacks (digest, frames, grouped, key, base) SELECT sha256('g3' || n::text::bytea), '[]', '2/0123456789abcdef', sha256('g3'), sha256('g3')
FROM generate_series(1, 2) AS n;
SELECT pg_temp.stack(pg_temp.stack_of(3), pg_temp.frames('std::_Rb_tree_increment/skipped/libstdcxx-containers', 'Scene::next/kept/', 'Scene::walk/kept/',
    'render_tile/limit/', 'worker_loop/limit/', 'start_thread/bottom/thread-start'), 11, '/opt/render/bin/render-worker');
SELECT pg_temp.stack(id, pg_temp.frames('std::_Rb_tree_increment/skipped/libstdcxx-containers', 'Scene::next/kept/', 'Scene::walk/kept/',
    'export_scene/limit/', 'save_file/limit/', 'main/bottom/entry'), 11, '/opt/render/bin/render-worker')
FROM stacks WHERE digest = sha256('g3' || '1'::bytea);
SELECT pg_temp.stack(id, pg_temp.frames('abort/cut/glibc-abort', 'Scene::next/kept/', 'Scene::walk/kept/', 'export_scene/limit/',
    'main/bottom/entry'), 6, '/opt/render/bin/render-export')
FROM stacks WHERE digest = sha256('g3' || '2'::bytea);
UPDATE crash_events SET stack_id = (SELECT id FROM stacks WHERE digest = sha256('g3' || (1 + pid % 2)::text::bytea))
WHERE group_id = 3 AND pid % 5 < 2;
DELETE FROM group_stacks WHERE group_id = 3;
INSERT INTO group_stacks (group_id, stack_id, events) SELECT 3, stack_id, count(*) FROM crash_events WHERE group_id = 3 GROUP BY stack_id;
UPDATE crash_groups SET split_hint = jsonb_build_object('selector', '{"frame": 1}'::jsonb, 'camps', (
    SELECT jsonb_agg(jsonb_build_object('value', name, 'events', n) ORDER BY n DESC) FROM (
        SELECT jsonb_path_query_first(s.frames, '$[*] ? (@.verdict == "limit").name')->>0 AS name, sum(m.events) AS n
        FROM group_stacks m JOIN stacks s ON s.id = m.stack_id WHERE m.group_id = 3 GROUP BY 1) AS camp)) WHERE id = 3;

-- Group 10: hostile in every new place.
UPDATE stacks SET facts = jsonb_build_object('signal', 11, 'tag', :'hostile', 'detail', :'hostile', 'class', :'hostile', 'message', :'hostile' || '2',
    'executable', :'hostile'), grouped = '2/' || :'hostile' WHERE id = pg_temp.stack_of(10);
INSERT INTO stacks (digest, frames, facts) SELECT sha256('g10'), jsonb_build_array(
    jsonb_build_object('function', :'hostile', 'name', :'hostile', 'trust', 'context', 'verdict', 'kept'),
    jsonb_build_object('function', 'x', 'name', :'hostile' || 'limit', 'trust', 'cfi', 'verdict', 'limit')),
    jsonb_build_object('signal', 6, 'executable', '/x');
INSERT INTO group_stacks (group_id, stack_id, events) SELECT 10, id, 3 FROM stacks WHERE digest = sha256('g10');
UPDATE crash_groups SET split_hint = jsonb_build_object('selector', '{"frame": 1}'::jsonb, 'camps', jsonb_build_array(
    jsonb_build_object('value', :'hostile', 'events', 4), jsonb_build_object('value', '', 'events', 3))) WHERE id = 10;

-- What was decided, and asked for.
INSERT INTO crash_groups (title, executable, signal, status, first_seen, last_seen, merged_into)
SELECT 'SIGSEGV in process_item() app.c:150', '/usr/sbin/ordersd', 11, 'ongoing', first_seen, last_seen, 1 FROM crash_groups WHERE id = 1;
UPDATE crash_groups SET held = true WHERE id = 1;
INSERT INTO grouping_decisions (at, actor, kind, group_id, other_id, detail, undone_at, undone_by) VALUES
    (to_timestamp(:now) - interval '18 days', 'user:anna', 'merge', 1, 71, '{}', NULL, NULL),
    (to_timestamp(:now) - interval '12 days', 'user:anna', 'split', 1, NULL, '{"selector": {"signal": true}}',
     to_timestamp(:now) - interval '11 days', 'token:3'),
    (to_timestamp(:now) - interval '2 days', 'user:' || :'hostile', 'split', 10, NULL, '{"selector": {"frame": 2}}', NULL, NULL);
INSERT INTO grouping_requests (actor, kind, detail, state, total, done, problem, at, began_at, ended_at) VALUES
    ('user:anna', 'merge', '{"group": 71, "into": 1}', 'done', 1, 1, NULL, now() - interval '3 hours', now() - interval '3 hours', now() - interval '3 hours'),
    ('user:' || :'hostile', 'split', '{"group": 10, "selector": {"frame": 1}}', 'failed', 7, 0, :'hostile', now(), now(), now()),
    ('token:3', 'reprocess', '{"group": 3}', 'running', 400, 120, NULL, now() - interval '1 hour', now(), NULL);
COMMIT;
