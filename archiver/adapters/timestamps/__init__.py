"""Time-stamps of an outside authority (RFC 3161)."""
