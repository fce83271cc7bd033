-- What ended turns have used is asked for by time.

CREATE INDEX tasks_by_end ON tasks (ended_at) WHERE ended_at IS NOT NULL;
