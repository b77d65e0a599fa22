"""The fields of an Elasticsearch index. Analysis is ours: words come folded and joined by blanks, as do their stems."""

from __future__ import annotations

from typing import Any

from archiver.adapters.index.answers import FACET_NAMES
from archiver.adapters.index.conditions import BODY, HEAD
from archiver.adapters.index.elastic_address import Address

FORMAT = 1
"""Grows with every change of fields, folding, stems or keys; an index of another format is made again by `reindex`."""

ID, FIELDS, ORDER, TAGS, GRANTS, DENIES = "id", "fields", "order", "tags", "grants", "denies"
BODY_FORMS, HEAD_FORMS, FIELD_FORMS = "body_forms", "head_forms", "field_forms"
DIGEST, PARTITION = "digest", "partition"
HIDDEN = "hidden"
"""Set on what is no document: a removed one's last version, and the index's own state. Never in an answer."""

REMOVED, STATE = "removed", "state"
STATE_ID = "state"
"""Id of the entry whose version is the sequence last committed."""

REFRESH = "1s"
_LONGEST_TOKEN = 1000
_WORD_FIELDS = (BODY, HEAD, FIELDS)
_FORM_FIELDS = (BODY_FORMS, HEAD_FORMS, FIELD_FORMS)


def definition(address: Address) -> dict[str, Any]:
    """Settings and mapping of a new index. Unknown fields are refused; of what is kept as sent, no words."""
    return {
        "settings": _settings(address),
        "mappings": {
            "dynamic": "strict",
            "_meta": {"minutier_format": FORMAT},
            "_source": {"excludes": [*_WORD_FIELDS, *_FORM_FIELDS, TAGS]},
            "properties": _properties(),
        },
    }


def usual(address: Address) -> dict[str, Any]:
    """Settings of an index in daily use."""
    if address.replicas.isdecimal():
        return {"refresh_interval": REFRESH, "auto_expand_replicas": False, "number_of_replicas": int(address.replicas)}
    return {"refresh_interval": REFRESH, "auto_expand_replicas": address.replicas}


def bulk() -> dict[str, Any]:
    """Settings while very much is written: copies are made once, at the end."""
    return {"refresh_interval": "30s", "auto_expand_replicas": False, "number_of_replicas": 0}


def _settings(address: Address) -> dict[str, Any]:
    return {
        "number_of_shards": address.shards,
        **usual(address),
        "translog.durability": "request",
        "analysis": {
            "tokenizer": {"blanks": {"type": "whitespace", "max_token_length": _LONGEST_TOKEN}},
            "analyzer": {"words": {"type": "custom", "tokenizer": "blanks"}},
        },
    }


def _properties() -> dict[str, Any]:
    bare = {"type": "keyword", "doc_values": False}
    words = {"type": "text", "analyzer": "words", "norms": False, "index_options": "positions"}
    forms = {"type": "text", "analyzer": "words", "norms": False, "index_options": "docs"}
    kept = {"type": "keyword", "index": False, "doc_values": False}
    return {
        ID: {"type": "keyword"},
        ORDER: {"type": "long"},
        HIDDEN: bare,
        DIGEST: kept,
        PARTITION: bare,
        **dict.fromkeys((TAGS, GRANTS, DENIES), bare),
        **dict.fromkeys(_WORD_FIELDS, words),
        **dict.fromkeys(_FORM_FIELDS, forms),
        **{name: {"type": "keyword"} for name in FACET_NAMES},
    }
