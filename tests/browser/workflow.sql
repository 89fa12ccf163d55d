-- SPDX-License-Identifier: Apache-2.0
-- What people did with the made-up fleet's groups, who these people are, and what the hosts run. After grouping.sql, with the same psql
-- variables. Groups: 1 has everything that people can add; 8 is muted until a time, 6 resolved in a version; 1 crashes on one kernel.
BEGIN;

INSERT INTO users (name, password_hash, role, created_at, disabled_at) VALUES
    ('anna', '-', 'triager', to_timestamp(:now) - interval '200 days', NULL),
    ('a-rather-long-name-of-somebody-who-left', '-', 'developer', to_timestamp(:now) - interval '400 days', to_timestamp(:now) - interval '3 days'),
    (:'hostile', '-', 'viewer', to_timestamp(:now) - interval '1 day', NULL);
INSERT INTO api_tokens (name, scope, digest, created_at, expires_at, revoked_at, last_used_at, made_by) VALUES
    ('web-01.example.net', 'ingest', 'a', to_timestamp(:now) - interval '90 days', NULL, NULL, to_timestamp(:now) - interval '4 minutes', 'user:admin'),
    ('build farm, release branch', 'symbols', 'b', to_timestamp(:now) - interval '80 days', to_timestamp(:now) + interval '9 days', NULL, NULL, 'user:admin'),
    ('grafana', 'read', 'c', to_timestamp(:now) - interval '70 days', to_timestamp(:now) - interval '9 days', NULL, to_timestamp(:now) - interval '10 days', 'user:anna'),
    (:'hostile', 'write', 'd', to_timestamp(:now) - interval '60 days', NULL, to_timestamp(:now) - interval '2 days', NULL, 'user:' || :'hostile');

INSERT INTO group_labels VALUES (1, 'release-blocker'), (1, 'memory'), (1, 'orders team'), (10, :'hostile');
INSERT INTO group_links (group_id, url) VALUES (1, 'https://tracker.example.net/browse/ORD-1187'),
    (1, 'https://git.example.net/orders/ordersd/-/merge_requests/412/diffs?commit_id=a1b2c3d4e5f60718293a4b5c6d7e8f9012345678#note_99'),
    (10, 'https://x/' || :'hostile');
UPDATE crash_groups SET assignee = (SELECT id FROM users WHERE name = 'anna') WHERE id = 1;
INSERT INTO group_activity (group_id, at, actor, kind, detail) VALUES
    (1, to_timestamp(:now) - interval '20 days', 'user:anna', 'assigned', '{"text": "anna"}'),
    (1, to_timestamp(:now) - interval '19 days', 'user:anna', 'commented', jsonb_build_object('text', 'Seen on web-01 first, right after the rollout.')),
    (1, to_timestamp(:now) - interval '15 days', 'user:anna', 'resolved', '{"version": "2.4.1-1"}'),
    (1, to_timestamp(:now) - interval '8 days', 'system', 'regressed', '{"version": "2.4.1-1"}'),
    (1, to_timestamp(:now) - interval '7 days', 'user:admin', 'labelled', '{"text": "release-blocker"}'),
    (1, to_timestamp(:now) - interval '2 days', 'token:3', 'commented', jsonb_build_object('text', E'The pool hands out a session whose peer has gone:\n\n    '
        || E'session->peer = NULL;  // in drop_peer(), without the lock\n    process_data(session, ...)\n\n'
        || repeat('A long paragraph about what was tried and what came of it, so that it takes several lines. ', 8) || E'\n\n' || repeat('word', 60))),
    (10, to_timestamp(:now), 'user:' || :'hostile', 'commented', jsonb_build_object('text', :'hostile')),
    (10, to_timestamp(:now), 'user:' || :'hostile', 'labelled', jsonb_build_object('text', :'hostile'));
UPDATE crash_groups SET resolved_at = to_timestamp(:now) - interval '2 days', resolved_by = (SELECT id FROM users WHERE name = 'anna') WHERE id IN (6, 8);
INSERT INTO group_rests (group_id, executable, version, version_order, beyond) VALUES (6, '/usr/bin/thumbnailer', '2.5.0-1', '\x01', false);
INSERT INTO group_rests (group_id, until) VALUES (8, to_timestamp(:now) + interval '5 days');
INSERT INTO audit_log (at, actor, action, subject, detail, remote) VALUES
    (to_timestamp(:now) - interval '5 days', 'user:admin', 'token.add', 'token:1', '{"name": "web-01.example.net", "scope": "ingest"}', '192.0.2.7'),
    (to_timestamp(:now) - interval '2 days', 'user:anna', 'group.mute', 'G-8', '{"until": "7d"}', '2001:db8::17'),
    (to_timestamp(:now) - interval '1 day', 'user:' || :'hostile', :'hostile', :'hostile', jsonb_build_object('note', :'hostile'), :'hostile');

UPDATE programs SET version_order = convert_to(version, 'UTF8');

-- Hosts differ in what they run; the first group crashes nearly always under the newer kernel, the ninth on one host.
INSERT INTO environments (digest, unit, image, kernel, architecture, distribution, package, package_version, cpu)
SELECT sha256(n::text::bytea), unit, image, kernel, arch, dist, 'ordersd', '2.5.0-1', cpu FROM (VALUES
    (1, 'ordersd.service', '', '6.1.0-28-amd64', 'x86_64', 'Debian GNU/Linux 12 (bookworm)', 'Example CPU 9000'),
    (2, 'ordersd.service', '', '6.1.0-31-amd64', 'x86_64', 'Debian GNU/Linux 12 (bookworm)', 'Example CPU 9000'),
    (3, 'ordersd.service', '', '6.8.0-49-generic', 'x86_64', 'Ubuntu 24.04.1 LTS', 'Example CPU 9000'),
    (4, 'ordersd@eu.service', 'registry.example.net/orders/ordersd:2.5.0', '6.8.0-49-generic', 'aarch64', 'Ubuntu 24.04.1 LTS', 'Neoverse-N1'),
    (5, :'hostile', :'hostile', :'hostile', :'hostile', :'hostile', :'hostile')) AS v (n, unit, image, kernel, arch, dist, cpu);
UPDATE crash_events SET environment_id = CASE WHEN group_id = 10 THEN 5 WHEN group_id = 1 THEN CASE WHEN pid % 30 = 0 THEN 1 ELSE 3 + pid % 2 END
    ELSE CASE pid % 10 WHEN 0 THEN 4 WHEN 1 THEN 3 WHEN 2 THEN 3 WHEN 3 THEN 2 WHEN 4 THEN 2 ELSE 1 END END;
UPDATE crash_events SET host_id = 4 WHERE group_id = 9 AND pid % 20 > 0;
DELETE FROM group_hosts WHERE group_id = 9;
INSERT INTO group_hosts (group_id, host_id, events, first_seen, last_seen)
SELECT group_id, host_id, count(*), min(received_at), max(received_at) FROM crash_events WHERE group_id = 9 GROUP BY 1, 2;
INSERT INTO group_environments (group_id, environment_id, events, first_seen, last_seen)
SELECT group_id, environment_id, count(*), min(received_at), max(received_at) FROM crash_events GROUP BY 1, 2;
COMMIT;
