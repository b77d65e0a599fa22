-- The catalogue of archives made by version 0.1, as SQLite wrote it down.
CREATE TABLE ledger_outbox (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    tree VARCHAR(8) NOT NULL,
    at VARCHAR(32) NOT NULL,
    kind VARCHAR(32) NOT NULL,
    document_id VARCHAR(36) NOT NULL,
    payload TEXT NOT NULL
);
CREATE TABLE ledger_leaves (
    tree VARCHAR(8) NOT NULL,
    position BIGINT NOT NULL,
    kind VARCHAR(32) NOT NULL,
    document_id VARCHAR(36) NOT NULL,
    hash BLOB NOT NULL,
    payload TEXT,
    salt BLOB,
    PRIMARY KEY (tree, position)
)
 WITHOUT ROWID

;
CREATE INDEX ledger_leaves_by_document ON ledger_leaves (document_id);
CREATE TABLE ledger_nodes (
    tree VARCHAR(8) NOT NULL,
    level INTEGER NOT NULL,
    position BIGINT NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (tree, level, position)
)
 WITHOUT ROWID

;
CREATE TABLE ledger_state (
    tree VARCHAR(8) NOT NULL,
    size BIGINT NOT NULL,
    frontier BLOB NOT NULL,
    sealed_to BIGINT NOT NULL,
    planned_to BIGINT NOT NULL,
    PRIMARY KEY (tree)
);
CREATE TABLE ledger_heads (
    tree VARCHAR(8) NOT NULL,
    size BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tree, size)
);
CREATE TABLE archive (
    "key" VARCHAR(64) NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY ("key")
);
CREATE TABLE batches (
    id VARCHAR(128) NOT NULL,
    state VARCHAR(16) NOT NULL,
    created_at VARCHAR(32) NOT NULL,
    finished_at VARCHAR(32),
    spec TEXT NOT NULL,
    listed BOOLEAN NOT NULL,
    lines BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE lines (
    batch_id VARCHAR(128) NOT NULL,
    number BIGINT NOT NULL,
    source TEXT NOT NULL,
    state VARCHAR(16) NOT NULL,
    document_id VARCHAR(36) NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (batch_id, number)
)
 WITHOUT ROWID

;
CREATE INDEX lines_by_source ON lines (source, batch_id);
CREATE TABLE documents (
    id VARCHAR(36) NOT NULL,
    sequence BIGINT NOT NULL,
    collection VARCHAR(128) NOT NULL,
    retention_class VARCHAR(128) NOT NULL,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    size BIGINT NOT NULL,
    state VARCHAR(16) NOT NULL,
    outcome VARCHAR(16),
    reason TEXT NOT NULL,
    media_type TEXT NOT NULL,
    language VARCHAR(8) NOT NULL,
    received_at VARCHAR(32) NOT NULL,
    archived_at VARCHAR(32),
    batch_id VARCHAR(128) NOT NULL,
    locator TEXT NOT NULL,
    parent_id VARCHAR(36),
    root_id VARCHAR(36),
    life INTEGER NOT NULL,
    declared TEXT NOT NULL,
    summary TEXT NOT NULL,
    grants TEXT NOT NULL,
    denies TEXT NOT NULL,
    retain_until VARCHAR(10),
    retention_note TEXT NOT NULL,
    lock_mode VARCHAR(16) NOT NULL,
    policy_version INTEGER NOT NULL,
    text_key TEXT NOT NULL,
    record_sha256 VARCHAR(64) NOT NULL,
    members INTEGER NOT NULL,
    members_failed INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (sequence)
);
CREATE INDEX documents_by_content ON documents (sha256, collection) WHERE root_id IS NULL;
CREATE INDEX documents_by_root ON documents (root_id, sequence) WHERE root_id IS NOT NULL;
CREATE INDEX documents_by_batch ON documents (batch_id, sequence);
CREATE INDEX documents_waiting ON documents (sequence) WHERE state = 'received';
CREATE INDEX documents_read_whole ON documents (sha256, collection) WHERE outcome IN ('complete', 'empty') AND text_key <> '' AND members = 0;
CREATE TABLE contents (
    collection VARCHAR(128) NOT NULL,
    retention_class VARCHAR(128) NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    size BIGINT NOT NULL,
    "key" TEXT NOT NULL,
    version VARCHAR(64) NOT NULL,
    PRIMARY KEY (collection, retention_class, sha256)
)
 WITHOUT ROWID

;
CREATE TABLE seen (
    collection VARCHAR(128) NOT NULL,
    source TEXT NOT NULL,
    size BIGINT NOT NULL,
    mtime_ns BIGINT NOT NULL,
    ctime_ns BIGINT NOT NULL,
    inode BIGINT NOT NULL,
    document_id VARCHAR(36) NOT NULL,
    PRIMARY KEY (collection, source)
)
 WITHOUT ROWID

;
CREATE TABLE policies (
    version INTEGER NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    applied_at VARCHAR(32) NOT NULL,
    applied_by TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (version)
);
INSERT INTO archive VALUES ('schema', '1');
