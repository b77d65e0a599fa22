"""`/livez`, `/readyz` and `/metrics`: for whoever watches over the program."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from archiver.api.front import Front
from archiver.api.measures import MEDIA_TYPE, Measures
from archiver.api.problems import documented

routes = APIRouter(tags=["health"])


class Alive(BaseModel):
    """It answers."""

    status: str = "ok"


@routes.get("/livez")
async def livez() -> Alive:
    """The process answers. Says nothing of the parts behind it."""
    return Alive()


@routes.get("/readyz", responses=documented(503))
def readyz(request: Request) -> Alive:
    """Catalogue, object store and index answer: questions may be sent here."""
    front: Front = request.app.state.front
    with front.reading() as archive:
        archive.catalog.get_mark("schema")
        archive.index.sequence()
        archive.objects.facts()
    return Alive()


@routes.get("/metrics", operation_id="getMetrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(request: Request) -> Response:
    """Requests by route and status, and how long they took (Prometheus text format). No names, no ids."""
    measures: Measures = request.app.state.measures
    return Response(measures.text(), media_type=MEDIA_TYPE)
