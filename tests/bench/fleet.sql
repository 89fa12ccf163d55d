-- SPDX-License-Identifier: Apache-2.0
-- A month of a large fleet in a migrated, empty database, as its owner: few groups have most crashes, most stacks of a group share most of
-- their names, a program runs on a tenth of the hosts, and in six environments. The counters are made of the events, as workers keep them. psql variables: events, groups, stacks (of a group), hosts.
\set ON_ERROR_STOP on
SET session_replication_role = replica; -- names are counted at the end, at once
SET synchronous_commit = off;
SELECT setseed(0.42);

INSERT INTO hosts (hostname, first_seen, last_seen)
SELECT (ARRAY['web', 'db', 'cache', 'build', 'edge'])[1 + n % 5] || '-' || n || '.example.net', now() - interval '40 days', now()
FROM generate_series(1, :hosts) n;
INSERT INTO programs (executable, version)
SELECT '/usr/' || (ARRAY['bin', 'sbin', 'libexec'])[1 + n % 3] || '/service' || n, v / 10 || '.' || v % 10 || '.0'
FROM generate_series(1, 200) n, generate_series(10, 19) v ORDER BY n, v;
INSERT INTO environments (digest, unit, image, kernel, architecture, distribution, package, package_version, cpu)
SELECT sha256(n::text::bytea), 'service' || n / 6 || '.service', '', '6.1.0-' || n % 12 || '-amd64', 'x86_64',
       (ARRAY['Debian GNU/Linux 12 (bookworm)', 'Debian GNU/Linux 13 (trixie)', 'Fedora Linux 43'])[1 + n % 3], 'service' || n / 6, '1.0-1',
       'AMD EPYC ' || 7000 + n % 8
FROM generate_series(0, 1199) n;
INSERT INTO problems (problem) SELECT 'the core ends after ' || n || ' bytes' FROM generate_series(1, 40) n;
INSERT INTO modules (build_id, path, first_seen)
SELECT encode(substr(sha256(n::text::bytea), 1, 20), 'hex'), '/usr/lib/libpart' || n || '.so.1', now() - interval '40 days' FROM generate_series(1, 2000) n;

INSERT INTO crash_groups (title, executable, signal, status, first_seen, last_seen, title_rank)
SELECT 'SIGSEGV in ns' || n % 97 || '::handle_' || n || '() part' || n % 900 || '.cc:' || n % 400, p.executable, (ARRAY[11, 6, 8, 7])[1 + n % 4],
       (ARRAY['new', 'ongoing', 'ongoing', 'resolved', 'muted', 'regressed'])[1 + n % 6], now(), now(), n % 4
FROM generate_series(1, :groups) n JOIN programs p ON p.id = 1 + n % 200 * 10 ORDER BY n;
INSERT INTO group_fingerprints (fingerprint, group_id, algorithm, quality)
SELECT sha256(('g' || n)::bytea), n, 2, 1 + n % 2 FROM generate_series(1, :groups) n;
-- The innermost functions are the stack's, then the group's, then the program's, then everybody's.
INSERT INTO stacks (digest, frames, functions, files, modules, build_ids, quality, title_rank, cause)
SELECT sha256(n::text::bytea), '[]',
       ARRAY['ns' || n % 97 || '::inner_' || n % 40000, 'ns' || g % 97 || '::handle_' || g, 'detail_' || g % 3000, 'step_' || g % 700, 'serve_' || g % 200,
             'dispatch_' || n % 50, 'run_loop', 'main'],
       ARRAY['/src/part' || g % 900 || '.cc', '/src/inner' || n % 2500 || '.cc', '/src/main.cc'],
       ARRAY['/usr/lib/libpart' || g % 2000 || '.so.1', '/usr/lib/libc.so.6'],
       ARRAY[encode(substr(sha256((1 + g % 2000)::text::bytea), 1, 20), 'hex'), repeat('c', 40)], 1 + n % 2, 2, (ARRAY['null-member', 'abort', 'divide'])[1 + g % 3]
FROM (SELECT n, 1 + (n - 1) / :stacks AS g FROM generate_series(1, :groups * :stacks) n) s ORDER BY n;
INSERT INTO stack_modules (stack_id, module_id, status)
SELECT n, 1 + (n / :stacks) % 2000, CASE WHEN (n / :stacks) % 5 = 0 THEN 0 ELSE 2 END FROM generate_series(1, :groups * :stacks) n;

SELECT ensure_event_partition((now() - d * interval '1 day')::date) FROM generate_series(0, 31) d;
CREATE TEMP TABLE made AS
SELECT now() - interval '30 days' + n * (interval '30 days' / :events) AS at, 1 + floor(:groups * power(random(), 3))::int AS g, random() AS a, random() AS b,
       random() AS c FROM generate_series(1, :events) n;
INSERT INTO crash_events (crash_id, received_at, crashed_at, group_id, stack_id, host_id, program_id, problem_id, pid, signal, flags, environment_id)
SELECT gen_random_uuid(), at, at - interval '1 second', g, CASE WHEN a < 0.97 THEN (g - 1) * :stacks + 1 + floor(:stacks * power(b, 2))::int END,
       1 + g % 10 + 10 * floor(:hosts / 10 * power(c, 1.5))::int, 1 + g % 200 * 10 + floor(10 * b)::int, CASE WHEN a > 0.95 THEN 1 + floor(40 * b)::int ELSE 0 END, 4711,
       (ARRAY[11, 6, 8, 7])[1 + g % 4], CASE WHEN a > 0.97 THEN 36 ELSE 0 END, 1 + g % 200 * 6 + floor(6 * a)::int
FROM made ORDER BY at;

INSERT INTO group_hours SELECT group_id, date_trunc('hour', received_at), count(*) FROM crash_events GROUP BY 1, 2;
INSERT INTO group_hosts SELECT group_id, host_id, count(*), min(crashed_at), max(crashed_at) FROM crash_events GROUP BY 1, 2;
INSERT INTO group_programs SELECT group_id, program_id, count(*), min(crashed_at), max(crashed_at) FROM crash_events GROUP BY 1, 2;
INSERT INTO group_environments SELECT group_id, environment_id, count(*), min(crashed_at), max(crashed_at) FROM crash_events GROUP BY 1, 2;
INSERT INTO group_stacks (group_id, stack_id, events, without_core)
SELECT group_id, stack_id, count(*), 0 FROM crash_events WHERE stack_id IS NOT NULL GROUP BY 1, 2;
UPDATE crash_groups g SET first_seen = s.first, last_seen = s.last, event_count = s.n, host_count = s.hosts
FROM (SELECT group_id, min(crashed_at) AS first, max(crashed_at) AS last, count(*) AS n, count(DISTINCT host_id) AS hosts
      FROM crash_events GROUP BY 1) s WHERE s.group_id = g.id;
DELETE FROM crash_groups g WHERE event_count = 0;
INSERT INTO names (kind, name) SELECT DISTINCT u.kind, u.name FROM stacks s, stack_names(s) u;
INSERT INTO group_names (name_id, group_id, stacks)
SELECT n.id, g.group_id, count(*) FROM group_stacks g JOIN stacks s ON s.id = g.stack_id, stack_names(s) u, names n
WHERE n.kind = u.kind AND n.name = u.name GROUP BY 1, 2;
SET session_replication_role = origin;
VACUUM ANALYZE;
