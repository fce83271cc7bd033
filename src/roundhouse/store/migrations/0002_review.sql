-- Review: the states to go back to, what was decided and applied, comments on lines, what was looked at.
-- Lock order as in 0001: sessions first. Every row here is written with its session's row locked, except seen_marks.

CREATE TABLE checkpoints (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id text NOT NULL REFERENCES sessions ON DELETE CASCADE,
    task_id    bigint REFERENCES tasks ON DELETE CASCADE,
    agent      text,
    kind       text NOT NULL CHECK (kind IN ('base', 'turn', 'person', 'safety', 'reject', 'rewind')),
    title      text NOT NULL,
    snapshot   text NOT NULL,
    files      integer NOT NULL DEFAULT 0,
    additions  integer NOT NULL DEFAULT 0,
    deletions  integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX checkpoints_by_session ON checkpoints (session_id, id);
CREATE INDEX checkpoints_by_task ON checkpoints (task_id) WHERE task_id IS NOT NULL;
-- A turn that is settled again, after a crash, moves its checkpoint.
CREATE UNIQUE INDEX checkpoints_one_a_turn ON checkpoints (task_id) WHERE kind = 'turn';

CREATE TABLE applies (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id      text NOT NULL REFERENCES sessions ON DELETE CASCADE,
    project_path    text NOT NULL,
    before_tree     text NOT NULL,
    after_tree      text NOT NULL,
    base_before     text NOT NULL,
    base_after      text NOT NULL,
    reviewed_before text NOT NULL,
    reviewed_after  text NOT NULL,
    files           text[] NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    undone_at       timestamptz
);
CREATE INDEX applies_by_session ON applies (session_id, id);

CREATE TABLE verdicts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id text NOT NULL REFERENCES sessions ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('accept', 'reject')),
    before     text NOT NULL,
    after      text NOT NULL,
    files      text[] NOT NULL,
    hunks      integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    undone_at  timestamptz
);
CREATE INDEX verdicts_by_session ON verdicts (session_id, id);

CREATE TABLE comments (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id      text NOT NULL REFERENCES sessions ON DELETE CASCADE,
    path            text NOT NULL,
    line            integer NOT NULL,
    side            text NOT NULL CHECK (side IN ('old', 'new')),
    text            text NOT NULL,
    agent           text,
    task_id_of_line bigint,
    hunk            text,
    sent_task_id    bigint REFERENCES tasks ON DELETE SET NULL,
    sent_at         timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX comments_by_session ON comments (session_id, id);
CREATE INDEX comments_by_task ON comments (sent_task_id) WHERE sent_task_id IS NOT NULL;

-- Ids of files and hunks that a person has looked at. They come from contents: what changes is unseen again.
CREATE TABLE seen_marks (
    session_id text NOT NULL REFERENCES sessions ON DELETE CASCADE,
    mark       text NOT NULL,
    PRIMARY KEY (session_id, mark)
);

-- Not by path: one of 4,096 bytes fits in no index.
CREATE INDEX pending_changes_open ON pending_changes (session_id) WHERE status = 'pending';

-- The turns before this release are checkpoints too, in the order in which they ended.
INSERT INTO checkpoints (session_id, task_id, agent, kind, title, snapshot, files, additions, deletions, created_at)
SELECT f.session_id, f.task_id, f.agent, f.kind, f.title, f.snapshot, f.files, f.additions, f.deletions, f.at
FROM (
    SELECT w.session_id, NULL::bigint AS task_id, NULL AS agent, 'base' AS kind, 'The start' AS title,
           w.base_snapshot AS snapshot, 0 AS files, 0 AS additions, 0 AS deletions, w.created_at AS at
    FROM session_worktrees w WHERE w.base_snapshot IS NOT NULL
    UNION ALL
    SELECT t.session_id, t.id, t.agent, 'turn', left(rtrim(split_part(btrim(t.input, E' \t\r\n'), E'\n', 1), E' \t\r'), 200),
           t.snapshot_after, coalesce(p.files, 0), coalesce(p.additions, 0), coalesce(p.deletions, 0),
           coalesce(t.ended_at, t.created_at)
    FROM tasks t
    LEFT JOIN (SELECT c.task_id, count(*) AS files, sum(c.additions) AS additions, sum(c.deletions) AS deletions
               FROM pending_changes c WHERE c.task_id IS NOT NULL GROUP BY c.task_id) p ON p.task_id = t.id
    WHERE t.snapshot_after IS NOT NULL
) f
ORDER BY f.kind <> 'base', f.at, f.task_id;
