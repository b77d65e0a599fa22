"""What attackers try, and what they are told: a listed problem, or no more than they may see."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from archiver.api.problems import CODES, MEDIA_TYPE, TYPES
from archiver.bootstrap.archive import Archive
from tests.support.api import bearer, environment_of, make_key, served
from tests.support.command import Minutier
from tests.support.on_servers import archive_on_servers

SECRET = "zanzibar"
VISIBLE = 8
PARTS = ("", "/text", "/metadata", "/retention", "/content", "/events")


@dataclass(frozen=True, slots=True)
class Target:
    """A served archive. `ids`: of what finance may see, by name; `hidden`: of one document it may not see."""

    archive: Minutier
    client: TestClient
    token: str
    ids: dict[str, str]
    hidden: str

    def search(self, body: Any = None, **question: Any) -> httpx2.Response:
        return self.client.post("/v1/search", json=question or body, headers=bearer(self.token))

    def post(self, content: bytes, **headers: str) -> httpx2.Response:
        sent = bearer(self.token) | {"Content-Type": "application/json"} | headers
        return self.client.post("/v1/search", content=content, headers=sent)

    def get(self, path: str) -> httpx2.Response:
        return self.client.get(path, headers=bearer(self.token))


@pytest.fixture(scope="module", params=["embedded", "servers"])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("attacked")
    with ExitStack() as stack:
        if request.param == "servers":
            archive = stack.enter_context(archive_on_servers(folder / "archive", broker=""))
        else:
            archive = Minutier(folder / "archive")
            archive.run("init")
        _fill(archive, folder / "in")
        with environment_of(archive), Archive(archive.home) as opened:
            known = {one.name: str(one.id) for one in opened.catalog.select()}
        token = make_key(archive, "u", groups="finance", scopes="search,read,event")
        client = stack.enter_context(served(archive, api_rate="1000000/minute"))
        hidden = known.pop("hidden.txt")
        yield Target(archive, client, token, known, hidden)


def _fill(archive: Minutier, folder: Path) -> None:
    folder.mkdir()
    texts = {
        "plain.txt": "facture loyer 2021",
        "script.txt": "<script>alert(1)</script> facture <svg onload=alert(1)> \x02loyer\x03 &amp; fin",
        'a\r\nSet-Cookie: x=1".txt': "facture aux entêtes",
        "..%2f..%2fetc%2fpasswd": "facture du chemin",
        "<img src=x onerror=alert(1)>.html": "<html><head><title><b>facture</b></title></head><body>facture<svg/></body></html>",
        "caf\udce9.txt": "facture du café",
        "other.txt": "bail rural",
        "last.txt": "facture finale",
        "hidden.txt": f"facture {SECRET}",
    }
    lines = []
    for name, text in texts.items():
        path = folder / name
        path.write_text(text, "utf-8")
        group = "nobody" if name == "hidden.txt" else "finance"
        line = {"path": str(path), "grants": group, "collection": "secret" if group == "nobody" else "default"}
        lines.append(line | ({SECRET: "yes"} if group == "nobody" else {"amount": "12"}))
    manifest = folder.parent / "in.jsonl"
    manifest.write_text("\n".join(map(json.dumps, lines)), "ascii")
    archive.run("import", "--manifest", manifest)


def problem(answer: httpx2.Response, *statuses: int) -> dict[str, Any]:
    """The problem in an answer, which is one of those that are listed, and tells nothing of the inside."""
    assert answer.status_code in (statuses or range(400, 500)), answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    found: dict[str, Any] = answer.json()
    assert set(found) == {"type", "title", "status", "code", "detail", "remedy", "errors"}
    assert found["status"] == answer.status_code
    assert found["code"] in CODES
    assert found["type"] == TYPES + found["code"]
    for inside in ("Traceback", "sqlalchemy", "tantivy", "elasticsearch", "psycopg", "site-packages", ".py", "SELECT "):
        assert inside not in answer.text
    return found


def seen(target: Target, answer: httpx2.Response) -> None:
    """An answer to a search that tells of nothing hidden."""
    found = answer.json()
    assert {one["id"] for one in found["hits"]} <= set(target.ids.values())
    assert found["total"] <= VISIBLE
    assert SECRET not in answer.text
    assert "secret" not in {one["value"] for one in found["facets"].get("collection", ())}


# -- the query language -------------------------------------------------------------------------------------------
INJECTED = (
    '{"match_all":{}}', '{"query":{"bool":{"should":[]}}}', "_exists_:grants", "*:*", "/.*/", "[* TO *]", "title:[a TO z]",
    "facture~10", "facture^100", f"body:{SECRET}", f"text:{SECRET}", "_id:*", "_source:*", "_all:x", "grants:nobody", "denies:x",
    "group:nobody", "everything:true", '"facture" IN [nobody]', "+(+*)", r"\*:\*", ") OR (facture", "kind:text) OR (collection:secret",
    "' OR 1=1 --", "facture\0 OR zanzibar", "grants\\:nobody", "meta.grants:nobody", "meta._id:*", "meta.*:x", "meta.a.b:c",
    "meta.:x", "${jndi:ldap://127.0.0.1/x}", "{{7*7}}", "%{x}", "<!ENTITY x SYSTEM 'file:///etc/passwd'>", "facture && zanzibar",
    "facture || zanzibar", "!facture", "AND", "OR", "NOT", "(", ")", '"', "-", "+", "*", "**", "fact*ure", "?acture", "facture:",
    ":", "::", "field:", "date:2020..", "date:9999999999", "date:0000-00-00..", "year:-1", "id:*", "id:x", "parent:*",
)  # fmt: skip


@pytest.mark.parametrize("query", INJECTED)
def test_engine_syntax_is_not_obeyed(target: Target, query: str) -> None:
    answer = target.search(query=query)
    if answer.status_code == 200:
        seen(target, answer)
    else:
        problem(answer, 400)


def test_no_clause_leads_out_of_the_filter(target: Target) -> None:
    ways = ("*", "-facture", "collection:secret", f"id:{target.hidden}", f"parent:{target.hidden}", SECRET, f"meta.{SECRET}:yes")
    for query in (
        *ways,
        " OR ".join(ways),
        f"({' OR '.join(ways)})",
        f"-({ways[1]} {ways[2]})",
        f"-(-{SECRET})",
        f"-id:{target.hidden}",
    ):
        seen(target, target.search(query=query, limit=100))
        seen(target, target.search(query=query, limit=100, collections=["secret"]))
        seen(target, target.search(query=query, limit=100, collections=["secret", "default"], sort="newest"))


def test_a_field_that_only_hidden_documents_have_is_a_field_that_nobody_has(target: Target) -> None:
    for form in ("meta.{}:yes", "meta.{}:*", "{}:yes", "-meta.{}:yes", 'meta.{}:"yes no"', "meta.{}:yes OR facture"):
        answers = [target.search(query=form.format(name)) for name in (SECRET, "nowhere!"[:7] + "z")]
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].text.replace(SECRET, "nowherez") == answers[1].text


def test_values_are_not_suggested(target: Target) -> None:
    for query in ("collection:secre", "colection:secret", f"meta.{SECRET[:-1]}:yes", "class:KEE"):
        assert SECRET not in target.search(query=query).text


BOMBS = (
    "a*", "*a", "a* b* c* d*", "aaa* " * 60, "fac* " * 60, " OR ".join(["a"] * 450), " OR ".join(["fac*"] * 60), "(" * 500 + "a" + ")" * 500,
    "-" * 500 + "a", "-(" * 12 + "a" + ")" * 12, "a " * 999, '"' + "a " * 900 + '"', '"' * 1_999, "meta.x:" * 200, "a:" * 900,
    "facture~" * 100, "/(a+)+$/", "(a+)+" * 100, "é" * 2_000, "\U0001f600" * 2_000, "\u0301" * 2_000, "\u200b" * 2_000, "date:0001..9999",
    "1" * 2_000, "\\" * 1_999, "a\\*" * 600, " " * 2_000, "\t" * 2_000, "OU " * 600,
)  # fmt: skip


@pytest.mark.parametrize("query", BOMBS, ids=lambda query: query[:12])
def test_wildcards_expressions_and_nesting_cost_little(target: Target, query: str) -> None:
    began = time.monotonic()
    answer = target.search(query=query)
    assert time.monotonic() - began < 10
    if answer.status_code == 200:
        seen(target, answer)
    else:
        problem(answer, 400)


# -- bodies -------------------------------------------------------------------------------------------------------
BODIES = {
    "deep list": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000,
    "deep and closed": b"[" * 50_000 + b"]" * 50_000,
    "huge integer": b'{"limit":' + b"9" * 5_000 + b"}",
    "huge float": b'{"limit":1e999}',
    "not a number": b'{"limit":NaN}',
    "infinity": b'{"limit":-Infinity}',
    "half a sign": b'{"query":"\\ud800"}',
    "half a sign as name": b'{"\\ud800":1}',
    "half a sign in a list": b'{"collections":["\\udfff"]}',
    "half a sign as cursor": b'{"cursor":"\\ud800"}',
    "bytes that are no UTF-8": b'{"query":"\xff\xfe"}',
    "overlong UTF-8": b'{"query":"\xc0\xaf"}',
    "no JSON": b"facture",
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"facture"',
    "a name too many": b'{"query":"facture","scope":"everything"}',
    "groups": b'{"query":"facture","groups":["nobody"]}',
    "a limit below": b'{"limit":0}',
    "a limit above": b'{"limit":101}',
    "a limit of text": b'{"limit":"all"}',
    "too long a query": json.dumps({"query": "a" * 2_001}).encode(),
    "too many collections": json.dumps({"collections": ["a"] * 51}).encode(),
    "too long a collection": json.dumps({"collections": ["a" * 129]}).encode(),
    "an order of one's own": b'{"sort":"_script"}',
    "a script as order": b'{"sort":{"_script":{"script":"1"}}}',
    "fragments without end": b'{"fragments":1000000}',
    "two bodies": b'{"query":"a"}{"query":"b"}',
    "constructor": b'{"__proto__":{"limit":1},"__class__":1}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_bodies_that_are_not_of_the_form_are_refused(target: Target, body: bytes) -> None:
    problem(target.post(body), 400)


def test_a_body_larger_than_taken_is_refused(target: Target) -> None:
    found = problem(target.post(b'{"query":"' + b"a" * 1_100_000 + b'"}'), 413)
    assert found["code"] == "too-large"


def test_names_given_twice_change_nothing(target: Target) -> None:
    answer = target.post(b'{"query":"zanzibar","query":"facture","collections":["secret"],"collections":[]}')
    assert answer.status_code == 200
    seen(target, answer)


KINDS = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "text/json",
         "application/octet-stream", "application/json; charset=utf-16", "application/json\t", "application/jsonp", "*/*", "x", ";")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_bodies_of_other_kinds_are_refused_or_read_as_json(target: Target, kind: str) -> None:
    answer = target.post(b'{"query":"facture"}', **{"Content-Type": kind})
    if answer.status_code == 200:
        seen(target, answer)
    else:
        problem(answer, 400, 415)


# -- cursors ------------------------------------------------------------------------------------------------------
def _cursor(target: Target, token: str, **question: Any) -> str:
    body = {"query": "facture", "limit": 2} | question
    found = target.client.post("/v1/search", json=body, headers=bearer(token)).json()
    assert found["next_cursor"], found
    return str(found["next_cursor"])


def _asked_with(target: Target, token: str, cursor: str, **question: Any) -> httpx2.Response:
    body = {"query": "facture", "limit": 2, "cursor": cursor} | question
    return target.client.post("/v1/search", json=body, headers=bearer(token))


def test_a_cursor_serves_the_caller_it_was_given_to(target: Target) -> None:
    cursor = _cursor(target, target.token)
    assert _asked_with(target, target.token, cursor).status_code == 200
    other = make_key(target.archive, f"other-{uuid.uuid4().hex[:8]}", groups="finance")
    problem(_asked_with(target, other, cursor), 400)


def test_a_cursor_ends_with_the_grant_it_was_given_under(target: Target) -> None:
    name = f"k-{uuid.uuid4().hex[:8]}"
    before = make_key(target.archive, name, groups="finance,hr")
    cursor = _cursor(target, before)
    assert _asked_with(target, before, cursor).status_code == 200
    rows = target.archive.run("--json", "key", "list").rows
    (mine,) = [row for row in rows if row.get("name") == name]
    target.archive.run("key", "revoke", str(mine["key"]), "--reason", "less from now on")
    problem(_asked_with(target, before, cursor), 401, 429)  # the latter where many wrong keys came from here
    problem(_asked_with(target, make_key(target.archive, name, groups="finance"), cursor), 400)


def test_a_cursor_serves_the_question_it_was_given_for(target: Target) -> None:
    cursor = _cursor(target, target.token)
    for other in ({"query": "loyer"}, {"query": ""}, {"sort": "newest"}, {"collections": ["default"]}):
        problem(_asked_with(target, target.token, cursor, **other), 400)


def test_a_cursor_cannot_be_forged(target: Target) -> None:
    cursor = _cursor(target, target.token)
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for place in range(0, len(raw), 7):
        raw[place] ^= 1
        problem(_asked_with(target, target.token, base64.urlsafe_b64encode(raw).rstrip(b"=").decode()), 400)
        raw[place] ^= 1
    for forged in (
        "",
        "A",
        "AAAA",
        cursor[:-4],
        cursor + "AAAA",
        cursor + "=",
        "é",
        "\0",
        cursor.upper(),
        "../" + cursor,
        "a" * 4_000,
    ):
        problem(_asked_with(target, target.token, forged), 400)


def test_a_cursor_tells_nothing(target: Target) -> None:
    first, second = _cursor(target, target.token), _cursor(target, target.token)
    assert first != second
    raw = base64.urlsafe_b64decode(first + "=" * (-len(first) % 4))
    for told in (*target.ids.values(), target.hidden, "facture", "finance", "default"):
        assert told.encode() not in raw


# -- ids and addresses --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("part", PARTS)
def test_a_hidden_document_is_one_that_is_not_there(target: Target, part: str) -> None:
    answers = [target.get(f"/v1/documents/{one}{part}") for one in (target.hidden, str(uuid.uuid4()), target.hidden[:-1] + "0")]
    assert problem(answers[0], 404)["code"] == "not-found"
    for answer in answers:
        assert answer.content == answers[0].content
        assert _without_rates(answer) == _without_rates(answers[0])


def test_a_hidden_document_cannot_be_removed_and_does_not_say_what_keeps_it(target: Target) -> None:
    answers = [
        target.client.delete(f"/v1/documents/{one}", headers=bearer(target.token)) for one in (target.hidden, str(uuid.uuid4()))
    ]
    assert problem(answers[0], 404)["code"] == "not-found"
    assert answers[0].content == answers[1].content


def _without_rates(answer: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if not name.startswith("ratelimit")}


def test_ids_in_other_forms_are_no_ids(target: Target) -> None:
    one = target.ids["plain.txt"]
    for form in (
        f"{{{one}}}",
        f"urn:uuid:{one}",
        one.replace("-", ""),
        f"{one} ",
        f" {one}",
        f"{one}\n",
        "０" + one[1:],
        f"-{one}",
        f"{one}\0",
    ):
        problem(target.get(f"/v1/documents/{httpx2.URL(path=form).raw_path.decode() if False else _quoted(form)}"), 404)
    assert target.get(f"/v1/documents/{one.upper()}").json()["id"] == one


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


ADDRESSES = ("/", "/v1", "/v1/", "/v1/documents/", "/v1/documents/..", "/v1/documents/%2e%2e%2fsearch", "/v1/documents/a%2fb",
             "/v1/documents/%00", "/v1/documents/%ff", "/v1/documents/%0d%0aX:%201", "/V1/search", "//v1/search", "/v1//search",
             "/v1/search/", "/v1/search;x=1", "/v1/search%3fx", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/v1/documents/" + "a" * 5_000,
             "/docs", "/redoc", "/static/x", "/.git/config", "/v1/documents/*", "/v1/documents/_search", "/v1/admin", "/debug")  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda one: one[:24])
def test_addresses_that_lead_nowhere_are_listed_problems(target: Target, address: str) -> None:
    problem(target.get(address), 400, 404, 405)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "CONNECT", "PATCH", "PUT", "DELETE", "PROPFIND", "GETS"])
def test_other_methods_are_refused(target: Target, method: str) -> None:
    answer = target.client.request(method, "/v1/search", headers=bearer(target.token))
    if method != "HEAD":
        assert problem(answer, 405)["code"] == "method-not-allowed"
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("trick", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-For",
                                   "X-Forwarded-Host", "X-Forwarded-Prefix", "Forwarded", "X-Real-IP", "X-User", "X-Groups"])  # fmt: skip
def test_headers_of_proxies_change_no_answer(target: Target, trick: str) -> None:
    values = {"X-HTTP-Method-Override": "DELETE", "X-HTTP-Method": "DELETE", "X-Groups": "nobody", "X-User": "owner"}
    sent = bearer(target.token) | {trick: values.get(trick, "127.0.0.1")}
    for path in (f"/v1/documents/{target.ids['plain.txt']}", f"/v1/documents/{target.hidden}"):
        plain = target.get(path)
        tricked = target.client.get(path, headers=sent)
        assert (tricked.status_code, tricked.content) == (plain.status_code, plain.content)


def test_a_host_of_ones_own_is_not_said_back(target: Target) -> None:
    answer = target.client.get("/v1/documents/x", headers=bearer(target.token) | {"Host": "evil.example"})
    assert "evil.example" not in answer.text + str(answer.headers)


# -- names and texts ----------------------------------------------------------------------------------------------
def test_names_never_become_headers(target: Target) -> None:
    for one in target.ids.values():
        for part in PARTS:
            answer = target.get(f"/v1/documents/{one}{part}")
            assert answer.status_code == 200, answer.text
            assert "set-cookie" not in answer.headers
            for name, value in answer.headers.multi_items():
                assert value.isprintable(), name
                assert "/etc/passwd" not in value


def test_texts_and_names_are_never_markup(target: Target) -> None:
    for one in target.ids.values():
        for part in PARTS:
            answer = target.get(f"/v1/documents/{one}{part}")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in answer.headers["content-security-policy"]
            kind = answer.headers["content-type"].partition(";")[0]
            assert kind in ("application/json", "text/plain") or answer.headers["content-disposition"].startswith("attachment")


def test_highlights_are_plain_text_with_places(target: Target) -> None:
    answer = target.search(query="facture", limit=100, fragments=3)
    assert answer.headers["content-type"] == "application/json"
    hits = {one["name"]: one for one in answer.json()["hits"]}
    (fragment,) = hits["script.txt"]["highlights"]
    assert fragment["text"] == "<script>alert(1)</script> facture <svg onload=alert(1)> \ufffdloyer\ufffd &amp; fin"
    for hit in hits.values():
        for part in hit["highlights"]:
            assert [part["text"][start:end].lower() for start, end in part["marks"]] == ["facture"] * len(part["marks"])
            assert part["marks"]
    for name, text in hits.items():
        assert "<b>" not in json.dumps(text["highlights"]) or "<b>" in name


def test_names_that_are_not_unicode_are_shown_and_break_nothing(target: Target) -> None:
    one = target.ids["caf\udce9.txt"]
    assert target.get(f"/v1/documents/{one}").json()["name"] == r"caf\xe9.txt"
    assert r"caf\xe9.txt" in {hit["name"] for hit in target.search(query="café").json()["hits"]}


# -- keys, limits, the net ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dTpw", "Bearer x", "Bearer mnt_", "Bearer " + "a" * 20_000,
                                    "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "Digest x", "bearer\t", "Bearer null"])  # fmt: skip
def test_what_is_no_key_opens_nothing(target: Target, header: str) -> None:
    answer = target.client.post("/v1/search", json={"query": "facture"}, headers={"Authorization": header})
    if answer.status_code == 429:  # so many wrong ones came from here that nobody looks any more
        assert int(problem(answer, 429) and answer.headers["retry-after"]) > 0
        return
    assert problem(answer, 401)["code"] == "not-authenticated"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["detail"] == "no API key or token that is good here"


def test_guessing_keys_ends_soon_and_keeps_no_good_key_out(target: Target) -> None:
    for _ in range(40):
        answer = target.client.post("/v1/search", json={}, headers=bearer("mnt_000000000000_" + "0" * 72))
    assert problem(answer, 429)["code"] == "too-many"
    assert target.search(query="facture").status_code == 200


def test_a_key_is_for_what_it_was_made_for(target: Target) -> None:
    searcher = bearer(make_key(target.archive, f"s-{uuid.uuid4().hex[:8]}", groups="finance", scopes="search"))
    reader = bearer(make_key(target.archive, f"r-{uuid.uuid4().hex[:8]}", groups="finance", scopes="read"))
    assert (
        problem(target.client.get(f"/v1/documents/{target.ids['plain.txt']}", headers=searcher), 403)["code"] == "not-permitted"
    )
    assert problem(target.client.post("/v1/search", json={}, headers=reader), 403)["code"] == "not-permitted"
    hidden, absent = (target.client.get(f"/v1/documents/{one}", headers=searcher) for one in (target.hidden, str(uuid.uuid4())))
    assert hidden.content == absent.content, "whether it is there is not told before who asks is known to be allowed to"


@contextmanager
def _listener() -> Iterator[tuple[str, list[Any]]]:
    """Counts whoever connects."""
    came: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        stop = threading.Event()

        def listen() -> None:
            while not stop.is_set():
                try:
                    connection, address = listening.accept()
                except TimeoutError:
                    continue
                came.append(address)
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/x", came
        finally:
            stop.set()
            thread.join()


def test_no_address_in_a_request_is_fetched(target: Target) -> None:
    with _listener() as (url, came):
        target.search(query=f'"{url}"', collections=[url[:128]])
        target.search(cursor=url)
        target.get(f"/v1/documents/{_quoted(url)}")
        headers = dict.fromkeys(
            ("Minutier-Purpose", "Referer", "Origin", "X-Forwarded-Host", "Forwarded", "X-Callback", "Link"), url
        )
        target.client.post("/v1/search", json={"query": url}, headers=bearer(target.token) | headers)
        token = ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
            for part in ({"alg": "RS256", "jku": url, "x5u": url, "kid": url}, {"iss": url, "sub": "x"}, {})
        )
        target.client.post("/v1/search", json={}, headers=bearer(token))
        meta = json.dumps({"collection": "default", "reference": url, "name": url})
        files = {
            "metadata": ("", meta, "application/json"),
            "file": ("x.html", f'<img src="{url}"><a href="{url}">', "text/html"),
        }
        depositor = make_key(target.archive, f"d-{uuid.uuid4().hex[:8]}", groups="finance", scopes="deposit")
        target.client.post("/v1/documents", files=files, headers=bearer(depositor) | {"Idempotency-Key": url})
        time.sleep(0.5)
        assert not came
