-- The list of all crashes by time. An index of it would cost each crash some 22 bytes more; rows lie in the order in which they came, so the
-- first and the last time of each 16 pages (128 KiB) find as well where a stretch of time begins and ends.
CREATE INDEX ON crash_events USING brin (received_at) WITH (pages_per_range = 16, autosummarize = on);
