"""`minutier serve`."""

from __future__ import annotations

import signal
import socket

import click

from archiver.cli.context import Context, pass_context
from archiver.errors import UnreachableError, UsageError

_LOCAL = ("127.0.0.1", "::1", "localhost")
_NEAR = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7,fe80::/10"
"""Where a proxy may be. What it was told of proxies farther away is not taken from it: callers could write it themselves."""


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one, and says which."
)
@click.option("--certificate", metavar="FILE", type=click.Path(exists=True, dir_okay=False), help="TLS certificate chain, PEM.")
@click.option("--private-key", metavar="FILE", type=click.Path(exists=True, dir_okay=False), help="Its private key, PEM.")
@click.option("--behind-proxy", is_flag=True, help="A proxy on this machine or network ends TLS; its X-Forwarded headers count.")
@click.option("--openapi", is_flag=True, help="Print the description of the interface (OpenAPI) and end.")
@pass_context
def command(
    context: Context,
    host: str,
    port: int,
    certificate: str | None,
    private_key: str | None,
    behind_proxy: bool,
    openapi: bool,
) -> None:
    """Answer programs over HTTP: search, documents, deposits, holds, events, purges.

    Callers come with an API key (`minutier key create`) or a token of the issuer that is set. May run beside everything else.
    Ctrl-C ends it once the answers in hand are given.
    """
    from archiver.bootstrap import Archive

    if openapi:
        _print_description(context)
        return
    if bool(certificate) != bool(private_key):
        raise UsageError("TLS needs both --certificate and --private-key", remedy="give both, or neither")
    if host not in _LOCAL and not (certificate or behind_proxy):
        raise UsageError(
            f"keys and documents would go over the net in the open from {host}",
            remedy="give --certificate and --private-key, or say --behind-proxy where one ends TLS",
        )
    if certificate and private_key:
        _require_pair(certificate, private_key)
    context.require_owner()
    with Archive(context.home):
        pass  # what is wrong with it is said here, in one sentence
    _serve(context, host, port, certificate, private_key, behind_proxy=behind_proxy)


def _require_pair(certificate: str, private_key: str) -> None:
    """Raises UsageError: they are no certificate and its key."""
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, private_key, password=lambda: "")
    except (ssl.SSLError, OSError, ValueError) as error:
        raise UsageError(
            f"{certificate} and {private_key} are no TLS certificate with its private key, or cannot be read",
            remedy="give a certificate chain and its key without a passphrase, both as PEM",
        ) from error


def _print_description(context: Context) -> None:
    import json

    from archiver.api.app import create_app

    context.say(json.dumps(create_app(context.home).openapi(), indent=2, ensure_ascii=False))


def _serve(
    context: Context, host: str, port: int, certificate: str | None, private_key: str | None, *, behind_proxy: bool
) -> None:
    import asyncio

    import uvicorn

    from archiver.api.app import create_app

    listening = _listening(host, port)
    scheme, bound = "https" if certificate else "http", listening.getsockname()[1]
    address = f"{scheme}://[{host}]:{bound}" if ":" in host else f"{scheme}://{host}:{bound}"

    class Server(uvicorn.Server):
        """Says where it answers once it does."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started and not self.should_exit:
                context.note(f"Answering on {address}/v1 (its description: {address}/openapi.json). Ctrl-C ends it.")

    server = Server(
        uvicorn.Config(
            create_app(context.home),
            ssl_certfile=certificate,
            ssl_keyfile=private_key,
            proxy_headers=behind_proxy,
            forwarded_allow_ips=_NEAR if behind_proxy else None,
            server_header=False,
            log_level="warning",
            timeout_graceful_shutdown=30,
            http="h11",  # the other one knows no bound on headers
            h11_max_incomplete_event_size=32 * 1024,
        )
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # uvicorn raises once more what it was ended by, after it has ended in order
    asyncio.run(server.serve([listening]))
    if not server.started:
        raise UnreachableError(
            "it did not begin to answer; the lines above say why", remedy="`minutier doctor` says what is in use"
        )


def _listening(host: str, port: int) -> socket.socket:
    """The socket, bound here so that a free port can be told.

    Raises:
        UsageError: the address or port cannot be had.
    """
    # The protocol is named because only then does the loop switch off waiting for more to send, 40 ms with every answer.
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise UsageError(
            f"cannot listen on {host} port {port}: {error.strerror}", remedy="name another --host or --port"
        ) from error
    return made
