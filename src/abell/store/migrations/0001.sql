-- Tables carry a prefix of their own because `database_connection` may name a database that is shared with Galaxy.

CREATE TABLE abell_job (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    state              TEXT NOT NULL,
    cause              TEXT,
    message            TEXT NOT NULL DEFAULT '',   -- how it ended, one sentence for a person
    why                TEXT NOT NULL DEFAULT '',   -- why it waits or is held
    exit_code          INTEGER,
    signal             INTEGER,
    name               TEXT NOT NULL DEFAULT '',
    user_email         TEXT NOT NULL DEFAULT '',
    username           TEXT NOT NULL DEFAULT '',
    tool_id            TEXT NOT NULL DEFAULT '',
    request            TEXT NOT NULL,              -- JSON, see request_json.py
    destination_id     TEXT NOT NULL DEFAULT '',
    destination_params TEXT NOT NULL DEFAULT '{}', -- JSON
    job_runner_name    TEXT NOT NULL DEFAULT '',
    handler            TEXT NOT NULL DEFAULT '',
    attempt            INTEGER NOT NULL DEFAULT 0,
    cancel_by          TEXT,                       -- who asked for its end; NULL: nobody
    created            REAL NOT NULL,
    started            REAL,
    ended              REAL,
    elapsed_s          REAL,
    cpu_s              REAL,
    memory_bytes       INTEGER,
    outputs            TEXT NOT NULL DEFAULT '[]', -- JSON: name, path, size, sha256
    metadata_exit      INTEGER
) STRICT;

CREATE INDEX abell_job_live ON abell_job (state, id) WHERE state <> 'ended';
CREATE INDEX abell_job_waiting ON abell_job (job_runner_name, id) WHERE state = 'waiting';

CREATE TABLE abell_attempt (
    id          INTEGER PRIMARY KEY,
    job_id      INTEGER NOT NULL REFERENCES abell_job (id),
    number      INTEGER NOT NULL,
    key         TEXT NOT NULL UNIQUE,              -- its name in the DRM
    phase       TEXT NOT NULL,                     -- claimed | bound | unsubmitted | revoked | over
    destination TEXT NOT NULL,                     -- JSON: the destination and runner as they were when it was claimed
    directory   TEXT NOT NULL,
    bell        TEXT NOT NULL DEFAULT '',          -- its random bell token, '' where it does not ring
    native_id   TEXT NOT NULL DEFAULT '',
    claimed     REAL NOT NULL,
    bound       REAL,
    over        REAL,
    ending      TEXT NOT NULL DEFAULT '',          -- the cause and message of this attempt, JSON
    UNIQUE (job_id, number)
) STRICT;

CREATE INDEX abell_attempt_live ON abell_attempt (job_id) WHERE phase IN ('claimed', 'bound');

CREATE TABLE abell_event (
    id     INTEGER PRIMARY KEY,
    job_id INTEGER NOT NULL,
    at     REAL NOT NULL,
    kind   TEXT NOT NULL,
    text   TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX abell_event_job ON abell_event (job_id, id);

CREATE TABLE abell_token (
    token    TEXT PRIMARY KEY,                     -- chosen by a client, so that a repeated message is known again
    first_id INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    at       REAL NOT NULL
) STRICT, WITHOUT ROWID;
