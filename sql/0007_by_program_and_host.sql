-- A program's and a host's groups, for their pages. Neither column ever changes, so the updates that every crash makes to these rows
-- touch no index still (HOT); a row is added when a group meets a program or a host for the first time.
CREATE INDEX ON group_programs (program_id);
CREATE INDEX ON group_hosts (host_id);
