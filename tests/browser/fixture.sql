-- SPDX-License-Identifier: Apache-2.0
-- A small fleet's last thirty days: six hosts, a few programs in several versions, thirty groups in every state, a few thousand
-- events, and one group whose every text is hostile. Numbers come from hashes, so that two runs differ in nothing but
-- the time. psql variables: hostile (a text), now (seconds since the epoch).
BEGIN;

-- A UUIDv7 of that time; n makes it unique.
CREATE FUNCTION pg_temp.crash_id(at timestamptz, n text) RETURNS uuid LANGUAGE sql AS $$
    SELECT (substr(ms, 1, 8) || '-' || substr(ms, 9, 4) || '-7' || substr(md5(n), 1, 3) || '-8' || substr(md5(n), 4, 3) || '-' ||
            substr(md5(n), 7, 12))::uuid
    FROM (SELECT lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') AS ms) AS t
$$;
-- 0 to 1, always the same for the same text.
CREATE FUNCTION pg_temp.chance(n text) RETURNS double precision LANGUAGE sql AS $$
    SELECT ('x' || substr(md5(n), 1, 7))::bit(28)::int / 268435456.0
$$;

INSERT INTO hosts (hostname, first_seen, last_seen)
SELECT name, to_timestamp(:now) - interval '30 days', to_timestamp(:now) - interval '4 minutes'
FROM unnest(ARRAY['web-01.example.net', 'web-02.example.net', 'db-01.example.net', 'build-07.example.net',
                  'edge-ams-3.example.net', :'hostile']) AS name;

INSERT INTO programs (executable, version)
SELECT exe, version FROM unnest(ARRAY['/usr/sbin/ordersd', '/usr/bin/thumbnailer', '/usr/lib/postgresql/15/bin/postgres',
                                      '/opt/render/bin/render-worker', '/usr/bin/python3.11']) AS exe,
    unnest(ARRAY['2.4.0-1', '2.4.1-1', '2.5.0-1']) AS version
UNION ALL SELECT :'hostile', :'hostile';

CREATE TEMP TABLE plan AS
SELECT n, title, exe, signal, status, a_day FROM (VALUES
    (1, 'SIGSEGV in process_data() app.c:142', '/usr/sbin/ordersd', 11, 'regressed', 14.0),
    (2, 'heap corruption in cache_evict() lru.c:88', '/usr/sbin/ordersd', 6, 'ongoing', 6.0),
    (3, 'SIGSEGV in std::_Rb_tree_increment(std::_Rb_tree_node_base*) tree.cc:59', '/opt/render/bin/render-worker', 11, 'ongoing', 22.0),
    (4, 'assertion failed in fill() ring.c:30', '/usr/bin/thumbnailer', 6, 'new', 3.0),
    (5, 'stack overflow in json::parse_value() json.cpp:411', '/opt/render/bin/render-worker', 11, 'new', 2.0),
    (6, 'SIGFPE in scale() resize.c:77', '/usr/bin/thumbnailer', 8, 'resolved', 4.0),
    (7, 'SIGBUS in mmap_read() segment.c:203', '/usr/lib/postgresql/15/bin/postgres', 7, 'ongoing', 0.4),
    (8, 'SIGSEGV in render-worker+0x4d1f0', '/opt/render/bin/render-worker', 11, 'muted', 9.0),
    (9, 'panic in core::option::unwrap_failed() pipeline.rs:88', '/opt/render/bin/render-worker', 6, 'ongoing', 1.5),
    (10, :'hostile', :'hostile', 11, 'ongoing', 1.0)) AS v (n, title, exe, signal, status, a_day)
UNION ALL
SELECT n, format('SIGSEGV in handler_%s() route.c:%s', n, n * 7), '/usr/sbin/ordersd', 11,
       (ARRAY['ongoing', 'resolved', 'new', 'muted'])[1 + n % 4], 0.2 + pg_temp.chance('rate' || n)
FROM generate_series(11, 70) AS n;

INSERT INTO crash_groups (title, executable, signal, status, first_seen, last_seen)
SELECT title, exe, signal, status, to_timestamp(:now), to_timestamp(:now) FROM plan ORDER BY n;

INSERT INTO group_fingerprints (fingerprint, group_id, algorithm)
SELECT sha256(title::bytea || n::text::bytea), n, 1 FROM plan;

-- Three events of the first group and one of the hostile one are certain: their blobs exist.
CREATE TEMP TABLE happening AS
SELECT n, to_timestamp(:now) - make_interval(secs => 86400 * 30 * pg_temp.chance(n || ' at ' || i)) AS at, n || '/' || i AS key,
       1 + floor(5 * pg_temp.chance(n || ' host ' || i))::int AS host
FROM plan, generate_series(1, (a_day * 30)::int) AS i WHERE n <> 5
UNION ALL SELECT 5, to_timestamp(:now) - make_interval(mins => i * 37), '5/' || i, 2 FROM generate_series(1, 9) AS i
UNION ALL SELECT 1, to_timestamp(:now) - make_interval(mins => i * 11), '1/fixed' || i, 1 FROM generate_series(1, 3) AS i
UNION ALL SELECT 10, to_timestamp(:now) - interval '3 minutes', '10/fixed', 6
UNION ALL SELECT 2, to_timestamp(:now) - interval '7 minutes', '2/restricted', 3;

SELECT ensure_event_partition(day::date)
FROM generate_series(to_timestamp(:now) - interval '31 days', to_timestamp(:now) + interval '1 day', interval '1 day') AS day;

INSERT INTO stacks (digest, frames, functions)
SELECT sha256(n::text::bytea),
       CASE WHEN n = 10 THEN
           jsonb_build_array(jsonb_build_object('function', :'hostile', 'file', :'hostile', 'line', 1, 'module', :'hostile', 'offset', '0x10',
                                                'trust', 'context', 'verdict', 'kept', 'rule', :'hostile'))
       ELSE
           jsonb_build_array(
               jsonb_build_object('function', '__pthread_kill_implementation', 'module', '/usr/lib/x86_64-linux-gnu/libc.so.6', 'offset', '0x8aeac',
                                  'trust', 'context', 'verdict', 'cut', 'rule', 'glibc-abort'),
               jsonb_build_object('function', split_part(split_part(title, ' in ', 2), '(', 1), 'file', '/build/src/' || split_part(split_part(title, ' ', -1), ':', 1),
                                  'line', 10 + n, 'module', exe, 'build_id', 'a1b2c3d4e5f60718293a4b5c6d7e8f9012345678', 'offset', '0x1f40',
                                  'trust', 'cfi', 'verdict', 'kept'),
               jsonb_build_object('function', 'main', 'file', '/build/src/main.c', 'line', 33, 'module', exe, 'offset', '0x11c2', 'trust', 'cfi',
                                  'verdict', 'bottom', 'rule', 'main'))
       END, '{main}'
FROM plan;

INSERT INTO crash_events (crash_id, received_at, crashed_at, group_id, stack_id, host_id, program_id, pid, signal, flags)
SELECT pg_temp.crash_id(at, h.key), at + interval '350 milliseconds', at, n, s.id, host,
       (SELECT id FROM programs WHERE executable = plan.exe ORDER BY (version > '2.4.1') = (pg_temp.chance(h.key) > 0.3) DESC, version LIMIT 1),
       1000 + floor(60000 * pg_temp.chance(h.key || 'pid'))::int, plan.signal,
       CASE WHEN h.key = '2/restricted' THEN 1 WHEN h.key = '1/fixed2' THEN 2 ELSE 0 END
FROM happening AS h JOIN plan USING (n) JOIN stacks s ON s.digest = sha256(n::text::bytea);

-- A version that came out nine days ago, in which some of ordersd's bugs are fixed.
UPDATE crash_events SET program_id = (SELECT id FROM programs WHERE executable = '/usr/sbin/ordersd' AND version = '2.5.0-1')
WHERE group_id > 30 AND crashed_at > to_timestamp(:now) - interval '9 days';
DELETE FROM crash_events WHERE group_id BETWEEN 11 AND 18 AND crashed_at > to_timestamp(:now) - interval '9 days';
DELETE FROM crash_events WHERE group_id BETWEEN 19 AND 24 AND crashed_at <= to_timestamp(:now) - interval '9 days';
UPDATE crash_events SET program_id = (SELECT id FROM programs WHERE executable = '/usr/sbin/ordersd' AND version = '2.5.0-1')
WHERE group_id BETWEEN 19 AND 24;

INSERT INTO problems (problem)
VALUES ('The core ends after 40 of 96 MiB (the host''s disk was full): frames below #1 are missing.');
UPDATE crash_events SET problem_id = (SELECT id FROM problems) WHERE flags = 2;

INSERT INTO group_hours (group_id, hour, events)
SELECT group_id, date_trunc('hour', received_at), count(*) FROM crash_events GROUP BY 1, 2;
INSERT INTO group_hosts (group_id, host_id, events, first_seen, last_seen)
SELECT group_id, host_id, count(*), min(received_at), max(received_at) FROM crash_events GROUP BY 1, 2;
INSERT INTO group_programs (group_id, program_id, events, first_seen, last_seen)
SELECT group_id, program_id, count(*), min(received_at), max(received_at) FROM crash_events GROUP BY 1, 2;
UPDATE crash_groups g SET first_seen = e.first, last_seen = e.last, event_count = e.n, host_count = e.hosts,
       resolved_at = CASE WHEN g.status = 'resolved' THEN e.last + interval '1 minute' END
FROM (SELECT group_id, min(received_at) AS first, max(received_at) AS last, count(*) AS n, count(DISTINCT host_id) AS hosts
      FROM crash_events GROUP BY 1) AS e
WHERE e.group_id = g.id;
INSERT INTO group_stacks (group_id, stack_id, events)
SELECT group_id, stack_id, count(*) FROM crash_events WHERE stack_id IS NOT NULL GROUP BY 1, 2;
INSERT INTO modules (build_id, path, first_seen)
VALUES ('0123456789abcdef0123456789abcdef01234567', '/opt/render/lib/libvendor.so', to_timestamp(:now)),
       ('89abcdef0123456789abcdef0123456789abcdef', '/usr/lib/x86_64-linux-gnu/libc.so.6', to_timestamp(:now) - interval '20 days'),
       ('a1b2c3d4e5f60718293a4b5c6d7e8f9012345678', '/usr/sbin/ordersd', to_timestamp(:now) - interval '9 days'),
       ('beefbeefbeefbeefbeefbeefbeefbeefbeefbeef', :'hostile', to_timestamp(:now) - interval '2 days');
INSERT INTO stack_modules (stack_id, module_id, status)
SELECT g.stack_id, m.id, CASE m.path WHEN '/usr/lib/x86_64-linux-gnu/libc.so.6' THEN 2 WHEN '/usr/sbin/ordersd' THEN 1 ELSE 0 END
FROM (SELECT stack_id, row_number() OVER (ORDER BY stack_id) AS n FROM group_stacks) AS g
JOIN modules m ON CASE m.path WHEN '/usr/lib/x86_64-linux-gnu/libc.so.6' THEN true WHEN '/usr/sbin/ordersd' THEN g.n > 40
                  WHEN '/opt/render/lib/libvendor.so' THEN g.n = 1 ELSE g.n = 10 END;
INSERT INTO module_fetches (module_id, kind, tried_at, again_at, outcome)
SELECT id, 'debuginfo', to_timestamp(:now) - interval '3 hours', to_timestamp(:now) + interval '21 hours', 'not_found'
FROM modules WHERE path LIKE '/usr/%';
COMMIT;
