"""Signatures of tokens that are taken at all: of pairs of keys only, so that what checks a token can never make one (RFC 7518, 8037)."""

from __future__ import annotations

from archiver.errors import UsageError

KEY_KINDS = {
    "RS256": ("RSA", ""),
    "RS384": ("RSA", ""),
    "RS512": ("RSA", ""),
    "PS256": ("RSA", ""),
    "PS384": ("RSA", ""),
    "PS512": ("RSA", ""),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""Each algorithm, and the kind and curve of its keys as key sets write them; "" for no curve."""


def algorithms_of(written: str) -> frozenset[str]:
    """Algorithms written with commas between: `RS256,ES256`.

    Raises:
        UsageError: one of them is not taken, or there is none.
    """
    names = [name.strip() for name in written.split(",") if name.strip()]
    wrong = [name for name in names if name not in KEY_KINDS]
    if wrong or not names:
        what = f"{wrong[0]!r} is not taken" if wrong else "no algorithm is named"
        raise UsageError(what, remedy=f"there are: {', '.join(KEY_KINDS)}")
    return frozenset(names)
