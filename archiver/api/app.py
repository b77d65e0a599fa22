"""The application: routes, and what every answer goes through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from archiver.api import approvals, batches, content, deposits, documents, events, evidence, health, holds, purges, search
from archiver.api.description import description, operation_id
from archiver.api.front import THREADS, Front
from archiver.api.guard import Guard
from archiver.api.measures import VERSION, Measures, route_of
from archiver.api.problems import ALWAYS, documented, failure_of
from archiver.bootstrap.serving import Serving
from archiver.domain.accesses import Act
from archiver.errors import MinutierError, UnreachableError
from retention.errors import RetentionError

ABOUT = """Search, fetch and deposit documents of an archive. Every answer holds only what the caller's groups may see; every \
failure is a problem document (RFC 9457) with a stable `code`."""

GROUPS: tuple[APIRouter, ...] = (
    search.routes,
    deposits.routes,
    documents.routes,
    content.routes,
    evidence.routes,
    batches.routes,
    events.routes,
    holds.routes,
    purges.routes,
    approvals.routes,
)
"""What lies under `/v1`."""


def create_app(home: Path) -> FastAPI:
    """The application for the archive at `home`, which is opened when serving begins.

    Raises, when serving begins:
        NoArchiveError: there is none.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        serving = await run_in_threadpool(Serving, home)
        current_default_thread_limiter().total_tokens = serving.settings.api_threads * THREADS
        front = app.state.front = Front(serving)
        try:
            yield
        finally:
            await run_in_threadpool(front.close)

    app = FastAPI(
        title="Minutier",
        version=version("minutier"),
        description=ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        generate_unique_id_function=operation_id,
    )
    app.openapi = lambda: description(app)  # type: ignore[method-assign]
    measures = app.state.measures = Measures()
    for routes in GROUPS:
        app.include_router(routes, prefix=VERSION, responses=documented(*ALWAYS))
    app.include_router(health.routes)
    for kind in (MinutierError, RetentionError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _failed)
    app.add_middleware(Guard, measures=measures, unbounded=frozenset({VERSION + deposits.PATH}))
    return app


async def _failed(request: Request, error: Exception) -> Response:
    """The problem, once the refusal is written down: where it cannot be, only that is said."""
    failure = failure_of(error)
    asked = getattr(request.state, "asked", None)
    if asked is not None:
        try:
            await run_in_threadpool(
                asked.told,
                Act.REFUSED,
                document_id=_document(request),
                status=failure.status,
                code=failure.code,
                about=_route(request),
            )
        except UnreachableError as unwritten:
            failure = failure_of(unwritten)
    return failure.response()


def _document(request: Request) -> str:
    """The document that was asked for, there or not; what is no id becomes a part of the words."""
    asked_for = request.path_params.get("id", "") if request.url.path.startswith(f"{VERSION}/documents/") else ""
    return str(asked_for)[:100]


def _route(request: Request) -> str:
    return f"{request.method} {route_of(request.scope)}"
