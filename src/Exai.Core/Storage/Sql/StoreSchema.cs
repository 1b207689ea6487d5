namespace Exai.Core.Storage.Sql;

/// <summary>
/// The tables of every store, as a list of steps: a database says how many of them it has taken. Written in SQLite's words, in which the engines
/// differ in types alone; PostgreSQL's translation is in its own folder.
/// </summary>
internal static class StoreSchema
{
    /// <summary>
    /// Append only: a step that has been released never changes. A table whose rows hold texts of any length keeps SQLite's row ids: without
    /// them a row of more than a quarter page takes a further page or more.
    /// </summary>
    public static readonly string[] Steps =
    [
        """
        CREATE TABLE calls (
            call_id TEXT PRIMARY KEY,
            tool TEXT NOT NULL,
            arguments_hash TEXT NOT NULL,
            arguments TEXT NOT NULL,
            session_id TEXT NOT NULL,
            client_name TEXT,
            state TEXT NOT NULL,
            runs INTEGER NOT NULL,
            owner_epoch TEXT NOT NULL,
            owner_process TEXT NOT NULL,
            lease_until INTEGER NOT NULL,
            accepted_at INTEGER NOT NULL,
            run_started_at INTEGER NOT NULL,
            spent_ms INTEGER NOT NULL,
            thread_id TEXT NOT NULL,
            continues_thread INTEGER NOT NULL,
            thread_place INTEGER NOT NULL,
            finished_at INTEGER,
            outcome TEXT
        );
        CREATE INDEX calls_unfinished_by_thread ON calls (thread_id, thread_place) WHERE finished_at IS NULL;
        CREATE INDEX calls_by_thread ON calls (thread_id, thread_place);
        CREATE INDEX calls_unfinished_by_owner ON calls (owner_epoch) WHERE finished_at IS NULL;
        CREATE INDEX calls_by_finish ON calls (finished_at) WHERE finished_at IS NOT NULL;

        CREATE TABLE steps (
            call_id TEXT NOT NULL REFERENCES calls (call_id) ON DELETE CASCADE,
            step_key TEXT NOT NULL,
            answer TEXT NOT NULL,
            PRIMARY KEY (call_id, step_key)
        );

        CREATE TABLE threads (
            thread_id TEXT PRIMARY KEY,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE turns (
            thread_id TEXT NOT NULL REFERENCES threads (thread_id) ON DELETE CASCADE,
            place INTEGER NOT NULL,
            call_id TEXT NOT NULL,
            tool TEXT NOT NULL,
            question TEXT NOT NULL,
            answer TEXT NOT NULL,
            model TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (thread_id, place),
            UNIQUE (thread_id, call_id)
        );
        """,
        """
        CREATE TABLE attempts (
            call_id TEXT NOT NULL,
            run INTEGER NOT NULL,
            number INTEGER NOT NULL,
            started_at INTEGER NOT NULL,
            asked_model TEXT NOT NULL,
            provider TEXT NOT NULL,
            model TEXT NOT NULL,
            outcome TEXT,
            fault TEXT,
            clock TEXT,
            stage TEXT NOT NULL,
            queue_ms INTEGER NOT NULL,
            connect_ms INTEGER,
            first_token_ms INTEGER,
            total_ms INTEGER NOT NULL,
            tokens_in INTEGER NOT NULL,
            tokens_out INTEGER NOT NULL,
            tokens_reasoning INTEGER NOT NULL,
            tokens_cached INTEGER NOT NULL,
            estimated INTEGER NOT NULL,
            cost_usd TEXT,
            PRIMARY KEY (call_id, run, number)
        ) WITHOUT ROWID;
        CREATE INDEX attempts_by_start ON attempts (started_at);
        """,
        """
        CREATE TABLE provider_files (
            account TEXT NOT NULL,
            purpose TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            name TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            file_id TEXT,
            at INTEGER NOT NULL,
            PRIMARY KEY (account, purpose, sha256)
        ) WITHOUT ROWID;
        """,
        """
        CREATE TABLE learned_limits (
            provider TEXT NOT NULL,
            model TEXT NOT NULL,
            concurrent INTEGER,
            per_minute INTEGER,
            probe_after_ms INTEGER NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (provider, model)
        ) WITHOUT ROWID;
        """,
        """
        ALTER TABLE calls ADD COLUMN cancel_requested INTEGER NOT NULL DEFAULT 0;
        """,
        """
        ALTER TABLE calls ADD COLUMN files TEXT;
        ALTER TABLE turns ADD COLUMN state TEXT;
        ALTER TABLE turns ADD COLUMN files TEXT;
        """,
        """
        CREATE INDEX threads_by_update ON threads (updated_at);
        """,
        """
        ALTER TABLE learned_limits ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
        """,
        """
        CREATE TABLE tokens (
            hash TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            revoked_at INTEGER,
            last_used_at INTEGER,
            concurrent INTEGER,
            per_minute INTEGER,
            usd_per_day TEXT,
            models TEXT
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX tokens_by_name ON tokens (name) WHERE revoked_at IS NULL;

        CREATE TABLE token_events (
            event_id TEXT PRIMARY KEY,
            at INTEGER NOT NULL,
            who TEXT NOT NULL,
            what TEXT NOT NULL,
            token TEXT NOT NULL,
            times INTEGER NOT NULL,
            details TEXT NOT NULL
        ) WITHOUT ROWID;

        ALTER TABLE calls ADD COLUMN token TEXT;
        CREATE INDEX calls_by_token ON calls (token, accepted_at) WHERE token IS NOT NULL;
        ALTER TABLE threads ADD COLUMN token TEXT;
        ALTER TABLE attempts ADD COLUMN token TEXT;
        CREATE INDEX attempts_by_token ON attempts (token, started_at) WHERE token IS NOT NULL;
        """,
    ];
}
