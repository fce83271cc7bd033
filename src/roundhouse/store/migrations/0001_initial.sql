-- The first schema. Rows are the truth; every NOTIFY here is only a doorbell.
-- Lock order everywhere: sessions, then tasks, then permission_requests, then event_heads.

CREATE TABLE nodes (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    hostname   text NOT NULL,
    pid        integer NOT NULL,
    version    text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    draining   boolean NOT NULL DEFAULT false,
    stats      jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE projects (
    id               text PRIMARY KEY,
    name             text NOT NULL,
    path             text NOT NULL,
    node_id          integer NOT NULL REFERENCES nodes ON DELETE RESTRICT,
    setup_command    text,
    teardown_command text,
    copy             text[] NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (node_id, path)
);

CREATE TABLE sessions (
    id                  text PRIMARY KEY,
    project_id          text NOT NULL REFERENCES projects ON DELETE RESTRICT,
    title               text NOT NULL,
    base_ref            text,
    include_uncommitted boolean NOT NULL DEFAULT false,
    node_id             integer REFERENCES nodes ON DELETE SET NULL,
    running_task        bigint,
    hold_reason         text,
    activity            text,
    handover            boolean NOT NULL DEFAULT true,
    read_seq            bigint NOT NULL DEFAULT 0,
    next_position       bigint NOT NULL DEFAULT 1,
    archived_at         timestamptz,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(), -- the list's order: reading a session does not move it
    changed_at          timestamptz NOT NULL DEFAULT now()  -- every update: what a poller asks by
);
CREATE INDEX sessions_by_project ON sessions (project_id);
CREATE INDEX sessions_by_time ON sessions (updated_at DESC, id);
CREATE INDEX sessions_by_change ON sessions (changed_at);
CREATE INDEX sessions_running ON sessions (node_id) WHERE running_task IS NOT NULL;

-- Apart from sessions, so that appending an event never locks the row that claim() locks.
CREATE TABLE event_heads (
    session_id text PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    last_seq   bigint NOT NULL DEFAULT 0
);

CREATE TABLE session_worktrees (
    session_id        text PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    worktree_path     text NOT NULL UNIQUE,
    branch            text NOT NULL,
    base_commit       text NOT NULL,
    base_snapshot     text,
    reviewed_snapshot text,
    head_snapshot     text,
    additions         integer NOT NULL DEFAULT 0,
    deletions         integer NOT NULL DEFAULT 0,
    created_at        timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE agent_sessions (
    session_id         text NOT NULL REFERENCES sessions ON DELETE CASCADE,
    agent              text NOT NULL,
    backend            text NOT NULL CHECK (backend IN ('opencode_server', 'acp_warm')),
    agent_session_id   text,
    server_port        integer,
    pid                integer,
    status             text NOT NULL DEFAULT 'idle' CHECK (status IN ('idle', 'active', 'crashed', 'closed')),
    continuity         text NOT NULL DEFAULT 'fresh' CHECK (continuity IN ('fresh', 'continued', 'resumed', 'rebuilt')),
    last_seen_snapshot text,
    last_seen_seq      bigint NOT NULL DEFAULT 0,
    tokens_in          bigint NOT NULL DEFAULT 0,
    tokens_out         bigint NOT NULL DEFAULT 0,
    cost_usd           double precision NOT NULL DEFAULT 0,
    last_active_at     timestamptz,
    created_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (session_id, agent)
);

CREATE TABLE tasks (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id       text NOT NULL REFERENCES sessions ON DELETE CASCADE,
    parent_task_id   bigint REFERENCES tasks ON DELETE SET NULL,
    client_key       text,
    agent            text NOT NULL,
    model            text,
    mode             text,
    input            text NOT NULL,
    handover         boolean NOT NULL DEFAULT true,
    priority         integer NOT NULL DEFAULT 0,
    position         bigint NOT NULL,
    status           text NOT NULL DEFAULT 'pending'
                     CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled', 'lost')),
    failure_code     text,
    error            text,
    output_summary   text,
    cancel_requested boolean NOT NULL DEFAULT false,
    snapshot_before  text,
    snapshot_after   text,
    usage            jsonb,
    created_at       timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    ended_at         timestamptz,
    node_id          integer REFERENCES nodes ON DELETE SET NULL,
    CHECK ((status IN ('completed', 'failed', 'cancelled', 'lost')) = (ended_at IS NOT NULL)),
    UNIQUE (session_id, client_key)
);
CREATE UNIQUE INDEX tasks_one_running ON tasks (session_id) WHERE status = 'running';
CREATE INDEX tasks_queue ON tasks (session_id, priority DESC, position, id) WHERE status = 'pending';
CREATE INDEX tasks_pending ON tasks (priority DESC, id) WHERE status = 'pending';
CREATE INDEX tasks_by_session ON tasks (session_id, id);
CREATE INDEX tasks_ended ON tasks (session_id, ended_at DESC) WHERE ended_at IS NOT NULL;
CREATE INDEX tasks_by_parent ON tasks (parent_task_id) WHERE parent_task_id IS NOT NULL;

ALTER TABLE sessions ADD FOREIGN KEY (running_task) REFERENCES tasks ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE events (
    session_id text NOT NULL REFERENCES sessions ON DELETE CASCADE,
    seq        bigint NOT NULL,
    task_id    bigint,
    agent      text,
    type       text NOT NULL,
    payload    jsonb NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (session_id, seq)
);
CREATE INDEX events_of_ends ON events (session_id, seq) WHERE type = 'task_ended';

CREATE TABLE permission_requests (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id   text NOT NULL REFERENCES sessions ON DELETE CASCADE,
    task_id      bigint NOT NULL REFERENCES tasks ON DELETE CASCADE,
    agent        text NOT NULL,
    tool_call_id text,
    kind         text NOT NULL CHECK (kind IN ('permission', 'question')),
    title        text NOT NULL,
    detail       jsonb NOT NULL DEFAULT '{}',
    options      jsonb NOT NULL DEFAULT '[]',
    questions    jsonb NOT NULL DEFAULT '[]',
    status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'answered', 'expired', 'withdrawn')),
    answer       jsonb,
    answered_by  text,
    expires_at   timestamptz NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    resolved_at  timestamptz,
    CHECK ((status = 'pending') = (resolved_at IS NULL))
);
CREATE INDEX permission_requests_open ON permission_requests (session_id, id) WHERE status = 'pending';
CREATE INDEX permission_requests_by_task ON permission_requests (task_id);

CREATE TABLE permission_rules (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope      text NOT NULL CHECK (scope IN ('session', 'project', 'global')),
    session_id text REFERENCES sessions ON DELETE CASCADE,
    project_id text REFERENCES projects ON DELETE CASCADE,
    agent      text,
    matcher    text NOT NULL,
    decision   text NOT NULL CHECK (decision IN ('allow', 'deny')),
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((scope = 'session') = (session_id IS NOT NULL)),
    CHECK ((scope = 'project') = (project_id IS NOT NULL)),
    UNIQUE NULLS NOT DISTINCT (scope, session_id, project_id, agent, matcher)
);

CREATE TABLE pending_changes (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id  text NOT NULL REFERENCES sessions ON DELETE CASCADE,
    task_id     bigint REFERENCES tasks ON DELETE CASCADE,
    agent       text,
    agents      text[] NOT NULL DEFAULT '{}',
    file_path   text NOT NULL,
    old_path    text,
    operation   text NOT NULL CHECK (operation IN ('create', 'edit', 'delete', 'rename')),
    patch       text NOT NULL,
    additions   integer NOT NULL DEFAULT 0,
    deletions   integer NOT NULL DEFAULT 0,
    status      text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'applied', 'rejected', 'reverted')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz
);
CREATE INDEX pending_changes_by_session ON pending_changes (session_id, id);

-- Mutations asked of a node: the journal.
CREATE TABLE requests (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id   text REFERENCES sessions ON DELETE CASCADE,
    node_id      integer NOT NULL REFERENCES nodes ON DELETE CASCADE,
    kind         text NOT NULL,
    args         jsonb NOT NULL DEFAULT '{}',
    status       text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'done', 'failed', 'lost')),
    result       jsonb,
    requested_by text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz
);
CREATE INDEX requests_open ON requests (node_id, id) WHERE status IN ('pending', 'running');

-- Reads asked of a node: not worth a write-ahead log, deleted on delivery. A crash empties the table; the sequence
-- is a logged one, so that nobody who still waits is handed another one's answer.
CREATE SEQUENCE reads_ids;
CREATE UNLOGGED TABLE reads (
    id         bigint PRIMARY KEY DEFAULT nextval('reads_ids'),
    session_id text,
    node_id    integer NOT NULL,
    kind       text NOT NULL,
    args       jsonb NOT NULL DEFAULT '{}',
    status     text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'done', 'failed', 'lost')),
    result     jsonb,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE available_agents (
    node_id      integer NOT NULL REFERENCES nodes ON DELETE CASCADE,
    name         text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('opencode_server', 'acp_warm')),
    label        text NOT NULL,
    version      text,
    installed    boolean NOT NULL DEFAULT false,
    enabled      boolean NOT NULL DEFAULT true,
    models       jsonb NOT NULL DEFAULT '[]',
    modes        jsonb NOT NULL DEFAULT '[]',
    commands     jsonb NOT NULL DEFAULT '[]',
    capabilities jsonb NOT NULL DEFAULT '{}',
    diagnostic   text,
    install_hint text NOT NULL DEFAULT '',
    probed_at    timestamptz,
    PRIMARY KEY (node_id, name)
);

-- ---------------------------------------------------------------- events

-- Appends events in the given order and says which number each got. One NOTIFY per call.
-- Events of a task that was declared lost, or of a deleted session, are dropped: a zombie cannot write.
CREATE FUNCTION append_events(
    p_sessions text[], p_tasks bigint[], p_agents text[], p_payloads text[], p_ats timestamptz[]
) RETURNS TABLE (ord bigint, session_id text, seq bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    doorbell text;
BEGIN
    -- Locked in one order by everybody, so that two writers never wait for each other.
    PERFORM 1 FROM event_heads h WHERE h.session_id = ANY (p_sessions)
        ORDER BY h.session_id FOR NO KEY UPDATE;
    RETURN QUERY
    WITH input AS (
        SELECT i.ord, i.session_id, i.task_id, i.agent, i.payload::jsonb AS payload, i.at,
               row_number() OVER (PARTITION BY i.session_id ORDER BY i.ord) AS n
        FROM unnest(p_sessions, p_tasks, p_agents, p_payloads, p_ats) WITH ORDINALITY
             AS i (session_id, task_id, agent, payload, at, ord)
        JOIN event_heads h ON h.session_id = i.session_id
        WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = i.task_id AND t.status = 'lost')
    ), moved AS (
        UPDATE event_heads h SET last_seq = h.last_seq + c.n
        FROM (SELECT i.session_id, count(*) AS n FROM input i GROUP BY i.session_id) c
        WHERE h.session_id = c.session_id
        RETURNING h.session_id, h.last_seq - c.n AS base
    ), written AS (
        INSERT INTO events (session_id, seq, task_id, agent, type, payload, at)
        SELECT i.session_id, m.base + i.n, i.task_id, i.agent, i.payload ->> 'type', i.payload, i.at
        FROM input i JOIN moved m ON m.session_id = i.session_id
    )
    SELECT i.ord, i.session_id, m.base + i.n
    FROM input i JOIN moved m ON m.session_id = i.session_id ORDER BY i.ord;
    SELECT json_object_agg(h.session_id, h.last_seq)::text INTO doorbell
        FROM event_heads h WHERE h.session_id = ANY (p_sessions);
    PERFORM pg_notify('events', CASE WHEN length(doorbell) < 7900 THEN doorbell ELSE '' END);
END $$;

CREATE FUNCTION append_event(p_session text, p_task bigint, p_agent text, p_payload jsonb)
RETURNS void LANGUAGE sql AS $$
    SELECT append_events(ARRAY[p_session], ARRAY[p_task], ARRAY[p_agent], ARRAY[p_payload::text],
                         ARRAY[clock_timestamp()]);
$$;

-- ---------------------------------------------------------------- the queue

-- Gives up to p_limit sessions' next tasks to a node. Two statements on purpose: the session's row is locked
-- first and the task picked under a fresh snapshot; as one statement it loses work (tests/store/test_claim_race.py).
-- NO KEY: plain FOR UPDATE would skip a session while any child row of it is being inserted.
CREATE FUNCTION claim(p_node integer, p_limit integer) RETURNS SETOF tasks LANGUAGE plpgsql AS $$
DECLARE
    v_session text;
    v_task tasks;
BEGIN
    FOR v_session IN
        SELECT s.id
        FROM tasks q JOIN sessions s ON s.id = q.session_id
        WHERE q.status = 'pending'
          AND s.running_task IS NULL AND s.hold_reason IS NULL AND s.archived_at IS NULL
          AND (s.node_id IS NULL OR s.node_id = p_node)
          AND q.id = (SELECT h.id FROM tasks h WHERE h.session_id = q.session_id AND h.status = 'pending'
                      ORDER BY h.priority DESC, h.position, h.id LIMIT 1)
        ORDER BY q.priority DESC, q.id
        LIMIT p_limit
        FOR NO KEY UPDATE OF s SKIP LOCKED
    LOOP
        UPDATE tasks SET status = 'running', node_id = p_node, started_at = clock_timestamp()
        WHERE status = 'pending' AND id = (
            SELECT h.id FROM tasks h WHERE h.session_id = v_session AND h.status = 'pending'
            ORDER BY h.priority DESC, h.position, h.id LIMIT 1)
        RETURNING * INTO v_task;
        CONTINUE WHEN NOT FOUND;
        UPDATE sessions SET running_task = v_task.id, node_id = p_node, activity = NULL, updated_at = now()
        WHERE id = v_session;
        RETURN NEXT v_task;
    END LOOP;
END $$;

-- The event payload of an end, built from the row so that the two cannot differ.
CREATE FUNCTION task_ended_payload(t tasks) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'type', 'task_ended', 'status', t.status, 'failure_code', t.failure_code, 'error', t.error,
        'usage', t.usage,
        'ms', CASE WHEN t.started_at IS NOT NULL
              THEN round(extract(epoch FROM t.ended_at - t.started_at) * 1000)::bigint END));
$$;

-- Withdraws what a task still asks. Part of each of the three ends.
CREATE FUNCTION withdraw_permissions(p_task bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r permission_requests;
BEGIN
    FOR r IN UPDATE permission_requests SET status = 'withdrawn', resolved_at = clock_timestamp()
             WHERE task_id = p_task AND status = 'pending' RETURNING *
    LOOP
        PERFORM append_event(r.session_id, r.task_id, r.agent, jsonb_build_object(
            'type', 'permission_answered', 'permission_id', r.id::text, 'status', 'withdrawn'));
    END LOOP;
END $$;

-- End 1 of 3: the node that ran it says how it ended. False: somebody else ended it first.
CREATE FUNCTION finish(
    p_task bigint, p_node integer, p_status text, p_failure_code text, p_error text, p_summary text, p_usage jsonb
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_task tasks;
BEGIN
    UPDATE sessions SET updated_at = clock_timestamp(), activity = NULL
    WHERE id = (SELECT t.session_id FROM tasks t WHERE t.id = p_task AND t.status = 'running' AND t.node_id = p_node);
    UPDATE tasks SET status = p_status, failure_code = p_failure_code, error = p_error,
                     output_summary = p_summary, usage = p_usage, ended_at = clock_timestamp()
    WHERE id = p_task AND status = 'running' AND node_id = p_node
    RETURNING * INTO v_task;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM withdraw_permissions(p_task);
    PERFORM append_event(v_task.session_id, v_task.id, v_task.agent, task_ended_payload(v_task));
    RETURN true;
END $$;

-- End 2 of 3: a task that nobody took is cancelled. A running one is asked to stop instead.
-- Returns the status after the call, or NULL if there is no such task.
CREATE FUNCTION cancel(p_task bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_task tasks;
BEGIN
    PERFORM 1 FROM sessions WHERE id = (SELECT t.session_id FROM tasks t WHERE t.id = p_task) FOR NO KEY UPDATE;
    UPDATE tasks SET status = 'cancelled', cancel_requested = true, ended_at = clock_timestamp()
    WHERE id = p_task AND status = 'pending' RETURNING * INTO v_task;
    IF FOUND THEN
        PERFORM append_event(v_task.session_id, v_task.id, v_task.agent, task_ended_payload(v_task));
        UPDATE sessions SET updated_at = clock_timestamp(), hold_reason = CASE WHEN EXISTS (
            SELECT 1 FROM tasks t WHERE t.session_id = v_task.session_id AND t.status = 'pending')
            THEN hold_reason END -- a hold with nothing behind it holds nothing
        WHERE id = v_task.session_id;
        RETURN 'cancelled';
    END IF;
    UPDATE tasks SET cancel_requested = true WHERE id = p_task AND status = 'running' AND NOT cancel_requested;
    RETURN (SELECT t.status FROM tasks t WHERE t.id = p_task);
END $$;

-- End 3 of 3: the node died. Its running tasks are lost, never run again by themselves: the agent may have acted.
-- What was queued behind a lost task is held until a person adds a task or lifts the hold.
CREATE FUNCTION reap(p_node integer) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE
    v_session sessions;
    v_task tasks;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7001, p_node) THEN RETURN; END IF;
    FOR v_session IN
        SELECT * FROM sessions WHERE node_id = p_node AND running_task IS NOT NULL
        ORDER BY id FOR NO KEY UPDATE
    LOOP
        SELECT * INTO v_task FROM tasks
        WHERE id = v_session.running_task AND status = 'running' FOR NO KEY UPDATE;
        IF FOUND THEN
            v_task.status := 'lost';
            v_task.failure_code := 'node_lost';
            v_task.error := 'The runner died during this turn; what the agent did until then is in the worktree.';
            v_task.ended_at := clock_timestamp();
            -- Before the status changes: append_events drops whatever a lost task still sends.
            PERFORM withdraw_permissions(v_task.id);
            PERFORM append_event(v_task.session_id, v_task.id, v_task.agent, task_ended_payload(v_task));
            UPDATE tasks SET status = v_task.status, failure_code = v_task.failure_code,
                             error = v_task.error, ended_at = v_task.ended_at WHERE id = v_task.id;
            RETURN NEXT v_task.id;
        END IF;
        UPDATE sessions SET running_task = NULL, activity = NULL, updated_at = now(),
            hold_reason = CASE WHEN v_task.id IS NOT NULL AND EXISTS (
                SELECT 1 FROM tasks t WHERE t.session_id = v_session.id AND t.status = 'pending')
                THEN 'lost' ELSE hold_reason END
        WHERE id = v_session.id;
    END LOOP;
    UPDATE agent_sessions a SET status = CASE a.status WHEN 'active' THEN 'crashed' ELSE a.status END,
                                pid = NULL, server_port = NULL
        FROM sessions s WHERE s.id = a.session_id AND s.node_id = p_node
        AND (a.status = 'active' OR a.pid IS NOT NULL OR a.server_port IS NOT NULL);
    UPDATE requests SET status = 'lost', ended_at = now() WHERE node_id = p_node AND status = 'running';
    UPDATE reads SET status = 'lost' WHERE node_id = p_node AND status = 'running';
END $$;

-- ---------------------------------------------------------------- doorbells and bookkeeping

CREATE FUNCTION sessions_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO event_heads (session_id) VALUES (NEW.id);
    PERFORM pg_notify('sessions', NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER sessions_made AFTER INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION sessions_made();

CREATE FUNCTION sessions_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER sessions_changed BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION sessions_changed();

-- Rings for the queue after every update that leaves something to claim: claim() skips a locked session, so
-- whoever had it locked, for whatever reason, owes the runners a second ring.
CREATE FUNCTION sessions_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('sessions', NEW.id);
    IF NEW.running_task IS NULL AND NEW.hold_reason IS NULL AND NEW.archived_at IS NULL AND EXISTS (
        SELECT 1 FROM tasks t WHERE t.session_id = NEW.id AND t.status = 'pending') THEN
        PERFORM pg_notify('tasks_new', NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER sessions_moved AFTER UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION sessions_moved();

CREATE FUNCTION sessions_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('sessions_deleted', OLD.id);
    RETURN NULL;
END $$;
CREATE TRIGGER sessions_gone AFTER DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION sessions_gone();

-- Any client may INSERT INTO tasks: its place in the queue, the doorbell and the event come with the row.
CREATE FUNCTION tasks_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sessions SET next_position = next_position + 1, hold_reason = NULL, updated_at = now()
    WHERE id = NEW.session_id RETURNING next_position - 1 INTO NEW.position;
    RETURN NEW;
END $$;
CREATE TRIGGER tasks_place BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION tasks_place();

CREATE FUNCTION tasks_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM append_event(NEW.session_id, NEW.id, NEW.agent, jsonb_strip_nulls(jsonb_build_object(
        'type', 'task_created', 'input', NEW.input, 'agent', NEW.agent, 'model', NEW.model, 'mode', NEW.mode,
        'priority', NEW.priority, 'parent_task_id', NEW.parent_task_id::text)));
    PERFORM pg_notify('tasks_new', NEW.session_id);
    RETURN NULL;
END $$;
CREATE TRIGGER tasks_new AFTER INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION tasks_new();

CREATE FUNCTION tasks_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.cancel_requested AND NOT OLD.cancel_requested AND NEW.status = 'running' THEN
        PERFORM pg_notify('tasks_cancel', NEW.id::text);
    END IF;
    PERFORM pg_notify('sessions', NEW.session_id);
    RETURN NULL;
END $$;
CREATE TRIGGER tasks_moved AFTER UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION tasks_moved();

CREATE FUNCTION permissions_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('permissions', NEW.id::text);
    PERFORM pg_notify('sessions', NEW.session_id);
    RETURN NULL;
END $$;
CREATE TRIGGER permissions_moved AFTER INSERT OR UPDATE OF status ON permission_requests
    FOR EACH ROW EXECUTE FUNCTION permissions_moved();

CREATE FUNCTION requests_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'pending' THEN
        PERFORM pg_notify('requests', NEW.node_id::text);
    ELSIF NEW.status <> 'running' THEN
        PERFORM pg_notify('request_done', TG_TABLE_NAME || ':' || NEW.id);
        -- The session's next request waited for this one.
        PERFORM pg_notify('requests', NEW.node_id::text);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER requests_moved AFTER INSERT OR UPDATE OF status ON requests
    FOR EACH ROW EXECUTE FUNCTION requests_moved();
CREATE TRIGGER reads_moved AFTER INSERT OR UPDATE OF status ON reads
    FOR EACH ROW EXECUTE FUNCTION requests_moved();
