"""The reference of the policy file names every key, and its examples are good."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from retention.policy_file import policy_problems
from retention.policy_shape import ClassShape, CollectionShape, GrantsShape, PolicyShape

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (DOCS / "reference" / "policy.md", DOCS / "howto" / "write-a-policy.md")


@pytest.mark.parametrize("shape", [PolicyShape, CollectionShape, GrantsShape, ClassShape])
def test_every_key_is_in_the_reference(shape: type[PolicyShape]) -> None:
    page = PAGES[0].read_text("utf-8")
    missing = [name for key, field in shape.model_fields.items() if f"`{(name := field.alias or key)}`" not in page]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_are_good(page: Path) -> None:
    blocks = re.findall(r"^( *)```yaml\n(.*?)^ *```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    for indent, body in blocks:
        assert policy_problems(re.sub(f"^{indent}", "", body, flags=re.MULTILINE).encode()) == ()
