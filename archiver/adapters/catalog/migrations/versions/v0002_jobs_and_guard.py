"""Rows of work for workers; a last day of keeping that the database itself lets only move later."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, text

from archiver.adapters.catalog.migrations.columns import words

revision = "2"
down_revision = "1"

_SHORTENED = "OLD.retain_until IS NOT NULL AND (NEW.retain_until IS NULL OR NEW.retain_until < OLD.retain_until)"

_STATEMENTS = {
    "sqlite": [
        "CREATE TRIGGER documents_retain_until_only_grows BEFORE UPDATE OF retain_until ON documents"
        f" WHEN {_SHORTENED} BEGIN SELECT RAISE(ABORT, 'retain_until only grows'); END"
    ],
    "postgresql": [
        # Rows come and go all the time: what they leave behind is to be cleared away early.
        "ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000)",
        "CREATE FUNCTION minutier_retain_until_only_grows() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'retain_until only grows' USING ERRCODE = 'restrict_violation'; END $$",
        "CREATE TRIGGER documents_retain_until_only_grows BEFORE UPDATE OF retain_until ON documents"
        f" FOR EACH ROW WHEN ({_SHORTENED}) EXECUTE FUNCTION minutier_retain_until_only_grows()",
    ],
}


def upgrade() -> None:
    """Make the table of work and the guard."""
    _jobs()
    for statement in _STATEMENTS[op.get_bind().dialect.name]:
        op.execute(statement)


def _jobs() -> None:
    op.create_table(
        "jobs",
        Column("kind", words(8), primary_key=True),
        Column("document_id", words(36), primary_key=True),
        Column("size", BigInteger, nullable=False),
        Column("batch_id", words(128), nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("due_at", BigInteger, nullable=False),
        Column("announced_at", BigInteger),
        Column("owner", words(128)),
        Column("leased_until", BigInteger),
        Column("deaths", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    held = "owner IS NOT NULL"
    _partial("jobs_to_announce", ["kind", "due_at", "version"], "announced_at IS NULL AND owner IS NULL")
    _partial("jobs_announced", ["kind", "announced_at", "version"], "announced_at IS NOT NULL AND owner IS NULL")
    _partial("jobs_held", ["kind", "leased_until", "version"], held)
    _partial("jobs_by_owner", ["owner"], held)
    op.create_index("jobs_by_version", "jobs", ["kind", "version"])
    op.create_index("jobs_by_batch", "jobs", ["kind", "batch_id", "size"])


def _partial(name: str, columns: list[str], condition: str) -> None:
    op.create_index(name, "jobs", columns, sqlite_where=text(condition), postgresql_where=text(condition))
