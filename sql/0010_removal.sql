-- Groups may be removed with all that is known of their crashes: what was only a trial, or must not be kept. A crash of the same kind that
-- comes later founds a new group.
ALTER TABLE grouping_requests DROP CONSTRAINT grouping_requests_kind_check;
ALTER TABLE grouping_requests ADD CONSTRAINT grouping_requests_kind_check
    CHECK (kind IN ('merge', 'split', 'undo', 'regroup', 'reprocess', 'remove'));
GRANT DELETE ON crash_events, event_counts, crash_groups, hosts, programs, environments TO "corral-workerd";
