"""The steps from one schema of the catalogue to the next: the same for SQLite and PostgreSQL, never changed once released."""
