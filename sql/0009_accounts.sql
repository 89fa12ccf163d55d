-- Who uses a token, so that one that nobody uses can be told from one that must not be revoked. Exact to a minute.
ALTER TABLE api_tokens ADD COLUMN last_used_at timestamptz,
                       ADD COLUMN made_by      text NOT NULL DEFAULT 'system'; -- actor, as in audit_log
GRANT UPDATE (last_used_at) ON api_tokens TO "corral-ingestd";
CREATE INDEX ON audit_log (subject, id DESC);
CREATE INDEX ON audit_log (actor, id DESC);
