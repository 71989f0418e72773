"""How to reach a server: whom to trust, who to be, by which way."""

from __future__ import annotations

import logging
import os
import urllib.parse
import urllib.request
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Literal, cast

#: A file in PEM, or its text or bytes.
Pem = str | bytes | os.PathLike[str]
Verify = bool | Pem
Cert = Pem | tuple[Pem, Pem]
Cookies = Mapping[str, str] | CookieJar
Auth = tuple[str, str]
Proxy = str | Literal[False]


@dataclass(frozen=True, repr=False)
class Transport:
    """The options, as the native side reads them."""

    verify: bool | str | bytes
    cert: list[str | bytes]
    #: True is what the environment says, False is none.
    proxy: bool | str
    cookies: list[tuple[str, str]] | None
    auth: tuple[str, str] | None


def transport(
    url: str,
    *,
    verify: Verify,
    cert: Cert | None,
    proxy: Proxy | None,
    cookies: Cookies | None,
    auth: Auth | None,
    caller: int = 4,
) -> Transport:
    """Checks the options' types; what they hold is checked by the native side.

    `caller` is how many frames up the program is that gave them.
    """
    if verify is False:
        warnings.warn(
            "verify=False: anybody on the way can read and change what comes; give the authority "
            "of the server instead, as verify='ca.pem'",
            RuntimeWarning,
            stacklevel=caller,
        )
        logging.getLogger("eventwire").warning("verify=False: %s is not verified", _host(url))
    return Transport(
        verify=verify if isinstance(verify, bool) else _pem("verify", verify),
        cert=_certificates(cert),
        proxy=_proxy(proxy),
        cookies=None if cookies is None else _cookies(url, cookies),
        auth=None if auth is None else _auth(auth),
    )


def _proxy(value: object) -> bool | str:
    if value is None or value is False:
        return value is None
    if isinstance(value, str):
        return value
    # Not what it is: it may hold a password.
    raise TypeError(f"proxy must be a URL, None or False, and is {type(value).__name__}")


def _pem(name: str, value: object) -> str | bytes:
    if isinstance(value, (str, bytes)):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(cast("os.PathLike[str]", value))
    raise TypeError(
        f"{name} must be the path of a file in PEM, or its text or bytes, "
        f"and is {type(value).__name__}"
    )


def _certificates(cert: Cert | None) -> list[str | bytes]:
    if cert is None:
        return []
    parts = cert if isinstance(cert, tuple) else (cert,)
    if not 1 <= len(parts) <= 2:
        raise TypeError("cert must be one file with certificate and key, or a pair of files")
    return [_pem("cert", part) for part in parts]


def _cookies(url: str, cookies: Cookies) -> list[tuple[str, str]]:
    # That of httpx is around one; that of requests is one, and a mapping of the cookies of all hosts.
    jar = getattr(cookies, "jar", cookies)
    if not isinstance(jar, CookieJar):
        if isinstance(cookies, Mapping):
            return [(str(name), str(value)) for name, value in cookies.items()]
        raise TypeError(
            f"cookies must be a mapping or a CookieJar, and is {type(cookies).__name__}"
        )
    # The jar knows which of its cookies belong to the address.
    request = urllib.request.Request(url)
    jar.add_cookie_header(request)
    header = request.get_header("Cookie", "")
    pairs = (pair.partition("=") for pair in header.split("; ") if pair)
    return [(name, value) for name, _, value in pairs]


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).hostname or url


def _auth(value: object) -> tuple[str, str]:
    match value:
        case (str() as name, str() as password) if isinstance(value, tuple):
            return name, password
        case _:
            raise TypeError(
                "auth must be a pair of a name and a password; give other kinds as headers"
            )
