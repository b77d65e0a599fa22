"""A policy file: what is read, and what is refused in which words at which place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import retention
from retention.errors import PolicyError
from retention.period import Period
from retention.policy import KEEP, Disposal, Lock, Policy, Trigger, TriggerKind
from retention.policy_file import policy_problems, read_policy, write_policy
from retention.policy_shape import json_schema
from retention.policy_tree import MAX_BYTES
from tests.support.policies import GOOD

EXAMPLE = Path(retention.__file__).parent / "examples" / "policy.yaml"
SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "policy.schema.json"


def _one(text: str) -> tuple[int, int, str, str]:
    (problem,) = policy_problems(text.encode())
    return problem.line, problem.column, problem.what, problem.remedy


def test_a_good_file_is_read() -> None:
    policy = read_policy(GOOD, version=3)
    found, collection = policy.classes["FR-ACCOUNTING"], policy.collection("invoices")
    assert (policy.version, policy.time_zone) == (3, "Europe/Paris")
    assert (found.title, found.period, found.limit, found.basis) == ("Pièces", Period(120), None, "C. com. L123-22")
    assert found.trigger == Trigger(TriggerKind.METADATA, "fiscal_year_end")
    assert (found.lock, found.then, found.visa) == (Lock.COMPLIANCE, Disposal.DESTROY, False)
    assert (collection.read, collection.deny, collection.languages) == (("finance",), ("guests",), ("fr", "no"))


def test_the_example_shipped_is_good_and_reads_back() -> None:
    policy = read_policy(EXAMPLE.read_bytes())
    assert len(policy.classes) == 12
    assert read_policy(write_policy(policy)) == policy


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"\xef\xbb\xbf", b"classes:\n", b"---\n"])
def test_an_empty_file_keeps_everything(data: bytes) -> None:
    assert read_policy(data) == Policy()


def test_classes_are_inherited_from_collection_to_manifest_to_document() -> None:
    policy = read_policy(GOOD)
    assert policy.class_name("invoices") == "FR-ACCOUNTING"
    assert policy.class_name("invoices", "FR-CV") == "FR-CV"
    assert policy.class_name("invoices", "FR-CV", "X") == "X"
    assert policy.class_name("invoices", "FR-CV", "") == "FR-CV"
    assert policy.class_name("elsewhere") == KEEP


@pytest.mark.parametrize(
    ("text", "line", "column", "what", "remedy"),
    [
        ("clases: {}", 1, 1, "unknown key `clases` (did you mean `classes`?)", "known keys are"),
        ("classes:\n  A: {titel: x, title: x, then: keep}", 2, 7, "did you mean `title`?", "title, period"),
        ("classes:\n  A: {title: x, period: P10X, from: received}", 2, 25, "'P10X' is not a period", "P10Y"),
        ("classes:\n  A: {title: x, period: PT5H, from: received}", 2, 25, "not in whole days", "P10Y"),
        ("classes:\n  A: {title: x, period: PT, from: received}", 2, 25, "not a period", "P10Y"),
        ("classes:\n  A: {title: x, period: -P1Y, from: received}", 2, 25, "negative", "P10Y"),
        ("classes:\n  A: {title: x, period: P0.5Y, from: received}", 2, 25, "fraction", "P6M"),
        ("classes:\n  A: {title: x, period: P2000Y, from: received}", 2, 25, "longer than 1000 years", "then: keep"),
        ("classes:\n  A: {title: x, period: P99999999999999D, from: received}", 2, 25, "is not a period", "P10Y"),
        ("classes:\n  A: {title: x, period: P1Y, from: metadata}", 2, 36, "from cannot be 'metadata'", "metadata."),
        ("classes:\n  A: {title: x, period: P1Y}", 2, 3, "from which day", "from: received"),
        ("classes:\n  A: {title: x}", 2, 3, "neither period nor limit", "then: keep"),
        (
            "classes:\n  A: {title: x, period: P2Y, limit: P1Y, from: received}",
            2,
            17,
            "period P2Y is longer than limit P1Y",
            "shorten",
        ),
        ("classes:\n  A: {title: x, period: P30D, limit: P1M, from: received}", 2, 17, "longer than limit P1M", "2000-01-31"),
        ("classes:\n  A: {title: x, period: P2Y, ceiling: P1Y, from: received}", 2, 17, "longer than ceiling", "shorten"),
        ("classes:\n  A: {title: x, limit: P2Y, from: received, then: keep}", 2, 45, "contradicts a limit", "destroy"),
        ("classes:\n  A: {title: x, period: P1Y, from: received, lock: compliance}", 2, 46, "basis is missing", "governance"),
        (
            "classes:\n  A: {title: x, limit: P1Y, from: received, lock: compliance, basis: b}",
            2,
            45,
            "period is missing",
            "governance",
        ),
        ("classes:\n  A: {title: x, then: burn}", 2, 23, "then cannot be 'burn'", "'destroy', 'review'"),
        ("classes:\n  A: {title: x, then: keep, visa: yes}", 2, 35, "visa cannot be 'yes'", "required"),
        ("classes:\n  A: {title: , then: keep}", 2, 14, "title must be a text, not empty", "text"),
        ("classes:\n  A: {title: ' ', then: keep}", 2, 14, "title is empty", "words"),
        ("classes:\n  A:", 2, 5, "class A must be a mapping of keys, not empty", "mapping"),
        ("classes:\n  KEEP: {title: x, then: keep}", 2, 3, "built-in", "another name"),
        ("classes:\n  a b: {title: x, then: keep}", 2, 3, "cannot be 'a b'", "letter or digit"),
        ("classes: {A: {title: x, then: keep}, a: {title: x, then: keep}}", 1, 38, "capitals", "otherwise"),
        ("classes: {A: {title: x, then: keep}, A: {title: x, then: keep}}", 1, 38, "twice; it is first at line 1", "remove"),
        ("classes: [a]", 1, 10, "classes must be a mapping of names, not a list", "mapping"),
        ("collections: {x: {class: B}}", 1, 26, "class B is not defined", "define it"),
        ("collections: {x: {class: KEPE}}", 1, 26, "did you mean `KEEP`?", "define it"),
        ("collections: {x: {}}", 1, 15, "collection x: `class` is missing", "class:"),
        (
            "collections: {x: {class: KEEP, grants: {read: [user:bob]}}}",
            1,
            48,
            "grants read item 1 cannot be 'user:bob'",
            "never users",
        ),
        ("collections: {x: {class: KEEP, grants: {write: []}}}", 1, 41, "unknown key `write`", "read, deny"),
        ("collections: {x: {class: KEEP, languages: [french]}}", 1, 44, "cannot be 'french'", "ISO 639-1"),
        ("time_zone: Europe/Pari", 1, 12, "'Europe/Pari' is no time zone", "Europe/Paris"),
        ("time_zone: ../../etc/passwd", 1, 12, "is no time zone", "Europe/Paris"),
        ("hello", 1, 1, "the policy must be a mapping of keys, not 'hello'", "mapping"),
        ("a: &x 1", 1, 4, "anchors and aliases", "in full"),
        ("a: *x", 1, 4, "anchors and aliases", "in full"),
        ("a: !!python/object/apply:os.system [x]", 1, 4, "the tag", "without a tag"),
        ("time_zone: UTC\n---\ntime_zone: UTC", 2, 1, "second YAML document", "one policy"),
        ("? [a]\n: b", 1, 3, "mapping or list stands where a name", "name"),
        ("a: [", 1, 5, "not YAML", "brackets"),
        ("[" * 100_000, 1, 10, "nested deeper", "no deeper"),
        ("a: \0", 0, 0, "not YAML", "not text"),
    ],
)
def test_a_bad_file_is_told_where_what_and_what_instead(text: str, line: int, column: int, what: str, remedy: str) -> None:
    found = _one(text)
    if what != "not YAML":  # the parsers word and place their own complaints differently
        assert found[:2] == (line, column)
        assert remedy in found[3]
    assert what in found[2]


def test_everything_wrong_is_told_at_once_in_order() -> None:
    problems = policy_problems(
        b"clases: {}\ntime_zone: X\ncollections: {x: {class: B}}\nclasses: {A: {titel: a, period: P}, C: {title: c}}"
    )
    assert [(problem.line, problem.what.split()[0]) for problem in problems] == [
        (1, "unknown"),
        (2, "time_zone"),
        (3, "collection"),
        (4, "class"),
        (4, "class"),
        (4, "class"),
        (4, "class"),
    ]


@pytest.mark.parametrize(
    ("data", "what"), [(b"a: \xff", "not UTF-8"), ("a: é".encode("utf-16"), "not UTF-8"), (b"#" * (MAX_BYTES + 1), "at most")]
)
def test_what_is_not_a_text_of_fitting_size_is_refused(data: bytes, what: str) -> None:
    (problem,) = policy_problems(data)
    assert what in problem.what


def test_the_place_of_a_byte_that_is_not_utf_8_is_named() -> None:
    (problem,) = policy_problems(b"a: 1\nbc: \xff")
    assert (problem.line, problem.column) == (2, 5)


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x,x]\n" + "".join(f"{b}: &{b} [*{a},*{a},*{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    assert "anchors" in _one(bomb)[2]


def test_the_error_names_the_file_and_how_many_problems() -> None:
    with pytest.raises(PolicyError, match=r"^p.yaml: line 1, column 1: unknown key `a` \(and 1 more\)$") as caught:
        read_policy(b"a: 1\nb: 1", source="p.yaml")
    assert (caught.value.exit_code, caught.value.code) == (2, "policy-invalid")
    assert caught.value.remedy


def test_both_yaml_parsers_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    read = read_policy(GOOD)
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert read_policy(GOOD) == read
    assert _one("classes:\n  A: {titel: x, title: y, then: keep}")[:2] == (2, 7)


def test_the_schema_in_the_reference_is_the_programs() -> None:
    assert json.loads(SCHEMA.read_text("utf-8")) == json_schema()
