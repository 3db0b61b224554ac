"""Who gets in: the machine's own browser, with the token of the printed address, from pages of ours alone."""

import secrets
from urllib.parse import parse_qs

from msgspec import Struct
from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
_LARGEST = 1024 * 1024  # bytes of a form
_HEADERS = {
    b"cache-control": b"no-store",
    b"content-security-policy": (
        b"default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; "
        b"frame-ancestors 'none'"
    ),
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"same-origin",  # without any, a browser would not say from which page a form comes
    b"x-content-type-options": b"nosniff",
}


class Key(Struct, frozen=True):
    port: int
    token: str

    @property
    def cookie(self) -> str:
        return f"grader-review-{self.port}"  # cookies know no ports

    @property
    def origin(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def address(self) -> str:
        return f"{self.origin}/?token={self.token}"


def new_key(port: int) -> Key:
    return Key(port, secrets.token_urlsafe(32))


def guarded(app: ASGIApp, key: Key) -> ASGIApp:
    """A page elsewhere that gets this address by tricks of DNS names a host that is not ours."""
    return _with_headers(TrustedHostMiddleware(_behind(app, key), allowed_hosts=[HOST], www_redirect=False))


def _behind(app: ASGIApp, key: Key) -> ASGIApp:
    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _answer(scope, key) if scope["type"] == "http" else None
        await (refusal or app)(scope, receive, send)

    return door


def _answer(scope: Scope, key: Key) -> Response | None:
    """None for whom the door opens."""
    headers = Headers(scope=scope)
    if scope["path"] == "/" and scope["method"] == "GET" and b"token=" in scope["query_string"]:
        return _entering(scope, key)
    own = cookie_parser(headers.get("cookie", "")).get(key.cookie, "")
    if not _equal(own, key.token):
        return PlainTextResponse("Open the address that `grader review` printed, with its token.", 403)
    if scope["method"] not in ("GET", "HEAD"):
        if headers.get("origin") != key.origin:
            return PlainTextResponse("This form was not sent by a page of this review.", 403)
        if not headers.get("content-length", "").isdigit() or int(headers["content-length"]) > _LARGEST:
            return PlainTextResponse("This form is too large.", 413)
    return None


def _entering(scope: Scope, key: Key) -> Response:
    query = parse_qs(scope["query_string"].decode("ascii", "replace"))
    if not _equal(query.get("token", [""])[0], key.token):
        return PlainTextResponse("This token is not that of this review: it has a new one at every start.", 403)
    entered = RedirectResponse("/", 303)  # the token does not stay in the address
    entered.set_cookie(key.cookie, key.token, httponly=True, samesite="strict")
    return entered


def _equal(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode("utf-8", "replace"), other.encode())


def _with_headers(app: ASGIApp) -> ASGIApp:
    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = [(name, value) for name, value in message.get("headers", []) if name not in _HEADERS]
                message = {**message, "headers": [*there, *_HEADERS.items()]}
            await send(message)

        await app(scope, receive, sent)

    return answered
