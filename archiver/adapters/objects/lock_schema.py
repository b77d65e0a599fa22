"""The table of locks, one row per object version, and the triggers that keep it from ever being weakened.

`state` says how far a change of the folder has come: `arriving` (bytes durable, name not yet confirmed), `placed`,
`leaving` (being removed). Only `placed` rows count; the others are finished or undone when the store is opened.
`minutier_now()` is supplied by the program from the archive's clock; without it nothing can be removed.
"""

from __future__ import annotations

USER_VERSION = 1

_COLUMNS = """
CREATE TABLE IF NOT EXISTS locks (
  bucket TEXT NOT NULL CHECK (bucket IN ('locked', 'deletable')),
  key TEXT NOT NULL,
  version TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('arriving', 'placed', 'leaving')),
  size INTEGER NOT NULL CHECK (size >= 0),
  sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
  mode TEXT NOT NULL CHECK (mode IN ('none', 'governance', 'compliance')),
  until TEXT CHECK ((until IS NULL) = (mode = 'none')),
  hold INTEGER NOT NULL CHECK (hold IN (0, 1)),
  intake INTEGER NOT NULL CHECK (intake IN (0, 1)),
  PRIMARY KEY (bucket, key, version)
) WITHOUT ROWID
"""

_INTAKE = "CREATE INDEX IF NOT EXISTS locks_intake ON locks (bucket, key) WHERE intake = 1"
_MOVING = "CREATE INDEX IF NOT EXISTS locks_moving ON locks (state) WHERE state <> 'placed'"

_RANK = "CASE {0}.mode WHEN 'none' THEN 0 WHEN 'governance' THEN 1 ELSE 2 END"

_NEVER_WEAKER = f"""
CREATE TRIGGER IF NOT EXISTS locks_never_weaker BEFORE UPDATE ON locks
WHEN OLD.intake = 0 AND ({_RANK.format("NEW")} < {_RANK.format("OLD")}
  OR (OLD.until IS NOT NULL AND (NEW.until IS NULL OR NEW.until < OLD.until)))
BEGIN SELECT RAISE(ABORT, 'a lock is never shortened or weakened'); END
"""

_CONTENT_FIXED = """
CREATE TRIGGER IF NOT EXISTS locks_content_fixed BEFORE UPDATE ON locks
WHEN OLD.bucket <> NEW.bucket OR OLD.key <> NEW.key OR OLD.version <> NEW.version OR OLD.size <> NEW.size
  OR OLD.sha256 <> NEW.sha256 OR (OLD.intake = 0 AND NEW.intake = 1) OR (OLD.state <> 'arriving' AND NEW.state = 'arriving')
BEGIN SELECT RAISE(ABORT, 'what was written once does not change'); END
"""

_NOT_REMOVED_EARLY = """
CREATE TRIGGER IF NOT EXISTS locks_not_removed_early BEFORE UPDATE OF state ON locks
WHEN NEW.state = 'leaving' AND (OLD.hold = 1 OR (OLD.until IS NOT NULL AND OLD.until > minutier_now()))
BEGIN SELECT RAISE(ABORT, 'locked or on hold'); END
"""

_LEFT_IN_ORDER = """
CREATE TRIGGER IF NOT EXISTS locks_left_in_order BEFORE DELETE ON locks
WHEN OLD.state = 'placed'
BEGIN SELECT RAISE(ABORT, 'only what is leaving, or never arrived, is forgotten'); END
"""

STATEMENTS = (_COLUMNS, _INTAKE, _MOVING, _NEVER_WEAKER, _CONTENT_FIXED, _NOT_REMOVED_EARLY, _LEFT_IN_ORDER)
