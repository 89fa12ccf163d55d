-- What programs ask for: the feed of groups that are new or came back.
CREATE INDEX ON group_activity (at DESC) WHERE kind = 'regressed';
