"""The description of the interface holds: a stranger's generator takes it, and no answer is other than it says."""

from __future__ import annotations

import os
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from requests import Session

from archiver.api.app import create_app
from archiver.api.problems import CODES, MEDIA_TYPE
from archiver.bootstrap.archive import Archive
from tests.support.api import ALL, Server, bearer, environment_of, make_key, serving_process
from tests.support.command import Minutier
from tests.support.on_servers import archive_on_servers

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of a tool, while it is loaded
    import schemathesis
    from schemathesis.checks import CHECKS
    from schemathesis.generation import GenerationMode

EXAMPLES = int(os.environ.get("MINUTIER_TEST_SCHEMA_EXAMPLES", "4"))
"""Of a caller who may everything, for each operation, deployment and kind of question; a hundred and more for a long run."""
_OF_OTHERS = max(1, EXAMPLES // 4)

_CHECKED = ("status_code_conformance", "content_type_conformance", "response_schema_conformance", "response_headers_conformance")
_PLAIN = ("getLivez", "getReadyz", "getMetrics")


@dataclass(frozen=True, slots=True)
class Place:
    """A serving process, its callers' tokens by what they may, and ids that lead somewhere."""

    server: Server
    tokens: dict[str, str]
    ids: tuple[str, ...]


@pytest.fixture(scope="module", params=["embedded", "servers"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("described")
    with ExitStack() as stack:
        if request.param == "servers":
            archive = stack.enter_context(archive_on_servers(folder / "archive", broker=""))
        else:
            archive = Minutier(folder / "archive")
            archive.run("init")
        ids = _filled(archive, folder / "in")
        tokens = {
            "all": make_key(archive, "all", groups="finance", scopes=ALL),
            "few": make_key(archive, "few", groups="finance", scopes="search"),
            "none": "",
        }
        yield Place(stack.enter_context(serving_process(archive, api_rate="1000000/minute")), tokens, ids)


def _filled(archive: Minutier, folder: Path) -> tuple[str, ...]:
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.txt").write_text(f"facture {number}", "utf-8")
    (folder / "page.html").write_text("<html><title>é</title><body>facture</body></html>", "utf-8")
    archive.run("import", folder, "--grant", "finance", "--batch", "batch")
    archive.run(
        "hold", "place", "--matter", "m", "--reason", "r", "--owner", "o", "--review", "2030-01-01", "--batch", "batch", code=None
    )
    with environment_of(archive), Archive(archive.home) as opened:
        return tuple(str(one.id) for one in opened.catalog.select())


def _described() -> Any:
    return schemathesis.openapi.from_dict(create_app(Path("nowhere")).openapi())


@pytest.mark.parametrize("caller", ["all", "few", "none"])
def test_no_answer_is_other_than_described(place: Place, caller: str) -> None:
    """Every operation, with what is of its form and with what is not."""
    told: Counter[str] = Counter()
    examples = EXAMPLES if caller == "all" else _OF_OTHERS
    with Session() as session:
        session.headers.update(bearer(place.tokens[caller]) if place.tokens[caller] else {})
        for found in _described().get_all_operations():
            operation = found.ok()
            for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
                try:
                    strategy = operation.as_strategy(generation_mode=mode)
                except schemathesis.errors.SchemathesisError:
                    continue  # nothing can be wrong with a question that has no parts
                _ask(place.server.url, session, strategy, (*place.ids, "batch", "nothing"), told, examples)
    assert len({label.split(" ", 1)[1] for label in told}) == len(_operations(create_app(Path("nowhere")).openapi()))
    if caller == "all":
        assert any(status.startswith("200") for status in told), told


def _ask(url: str, session: Session, strategy: Any, ids: tuple[str, ...], told: Counter[str], examples: int) -> None:
    quick = settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
    )

    @quick
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        case = data.draw(strategy)
        if "id" in (case.path_parameters or {}) and data.draw(st.booleans()):
            case.path_parameters["id"] = data.draw(st.sampled_from(ids))
        answer = case.call(base_url=url, session=session)
        told[f"{answer.status_code} {case.operation.label}"] += 1
        _check(case, answer)

    with suppress(Unsatisfiable):  # nothing can be wrong with a question that has no parts
        ask()


def _check(case: Any, answer: Any) -> None:
    assert answer.status_code != 500, f"{case.operation.label}: {answer.text}"
    if answer.status_code >= 400 and case.method.upper() != "HEAD":
        assert answer.headers["content-type"] == [MEDIA_TYPE], answer.text
        assert answer.json()["code"] in CODES
    if answer.status_code == 503:
        assert int(answer.headers["retry-after"][0]) > 0
    if case.method.upper() != "HEAD":
        case.validate_response(answer, checks=CHECKS.get_by_names(list(_CHECKED)))


# -- the description itself ---------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return create_app(Path("nowhere")).openapi()


def _operations(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {operation["operationId"]: operation for path in described["paths"].values() for operation in path.values()}


def test_the_description_refers_to_nothing_that_is_not_in_it(described: dict[str, Any]) -> None:
    named = set(re.findall(r"'#/components/schemas/([^']+)'", str(described)))
    assert named <= set(described["components"]["schemas"])
    assert set(described["components"]["schemas"]) <= named, "a schema that nobody uses"


def test_operations_have_names_of_their_own_that_read_well(described: dict[str, Any]) -> None:
    names = [operation["operationId"] for path in described["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name) for name in names), names
    assert {"search", "getDocument", "getDocumentText", "getDocumentRetention"} <= set(names)


def test_operations_say_what_they_do_who_may_and_what_they_answer(described: dict[str, Any]) -> None:
    for name, operation in _operations(described).items():
        assert operation.get("description"), name
        assert operation["tags"], name
        if name in _PLAIN:
            assert "security" not in operation, name
            continue
        assert operation["security"], f"{name} is open to anybody"
        assert {"400", "401", "403", "404", "429", "503"} <= set(operation["responses"]), name
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert set(answer["content"]) == {MEDIA_TYPE}, (name, status)
        assert "HTTPValidationError" not in str(operation), name


def test_every_text_and_list_that_is_taken_has_a_bound(described: dict[str, Any]) -> None:
    taken = {
        reference
        for operation in _operations(described).values()
        for reference in re.findall(r"#/components/schemas/(\w+)", str(operation.get("requestBody", "")))
    }
    seen = set[str]()
    while taken:
        name = taken.pop()
        seen.add(name)
        schema = described["components"]["schemas"][name]
        taken |= set(re.findall(r"#/components/schemas/(\w+)", str(schema))) - seen
        for field, part in schema.get("properties", {}).items():
            _assert_bounded(part, f"{name}.{field}")
    for name, operation in _operations(described).items():
        for parameter in operation.get("parameters", ()):
            _assert_bounded(parameter["schema"], f"{name} {parameter['name']}")


def _assert_bounded(part: dict[str, Any], where: str) -> None:
    for one in (part, *part.get("anyOf", ()), *part.get("oneOf", ())):
        if one.get("type") == "string" and not one.keys() & {"enum", "const", "format", "pattern"}:
            assert "maxLength" in one, where
        if one.get("type") == "array":
            assert "maxItems" in one, where
            _assert_bounded(one.get("items", {}), where)


def test_the_description_is_one_that_others_tools_take(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    assert described["info"]["title"] == "Minutier"
    assert described["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    operations = [found.ok() for found in schemathesis.openapi.from_dict(described).get_all_operations()]
    assert len(operations) == len(_operations(described))


def test_the_description_is_served(place: Place, described: dict[str, Any]) -> None:
    with place.server.client() as client:
        assert client.get("/openapi.json").json() == described
