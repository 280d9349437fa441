# SPDX-License-Identifier: GPL-3.0-or-later
"""Who talks to a simulated host: Basic, NTLM and Negotiate (SPNEGO with NTLM inside).

The NTLM acceptor is pyspnego's own; Kerberos is not offered, since a lab has no realm.
"""

import base64
import binascii
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

_USER_FILE_VARIABLE = "NTLM_USER_FILE"  # where pyspnego's acceptor looks for passwords
# The environment is one per process while labs may be several: held for the length of one step.
_ENVIRONMENT_LOCK = threading.Lock()

Headers = tuple[tuple[str, str], ...]


class AccountInvalid(ValueError):
    """An account that the NTLM user file cannot express."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Outcome of one request's Authorization header; without *user* the answer is 401."""

    user: str | None
    headers: Headers  # WWW-Authenticate for the answer


class Accounts:
    """The accounts of an estate, checked for Basic here and for NTLM by pyspnego."""

    def __init__(self, passwords: Mapping[str, str]) -> None:
        for user, password in passwords.items():
            if not user or any(sign in user + password for sign in ":\r\n"):
                raise AccountInvalid(
                    f"account {user!r} has no name, or a colon or line break in name or password; "
                    "the NTLM user file has no escape for those. Choose another fictional one."
                )
        # Account names are case-insensitive on Windows.
        self._passwords = {user.casefold(): password for user, password in passwords.items()}
        self._lines = [_user_file_line(user, password) for user, password in passwords.items()]
        self._directory: Path | None = None

    def open(self) -> None:
        """Write the NTLM user file, readable by this user alone."""
        self._directory = Path(tempfile.mkdtemp(prefix="lab-accounts-"))
        path = self._directory / "users"
        path.touch(mode=0o600)
        path.write_text("\n".join(self._lines), encoding="utf-8")

    def close(self) -> None:
        """Remove the NTLM user file."""
        if self._directory is not None:
            shutil.rmtree(self._directory)
            self._directory = None

    def match(self, user: str, password: str) -> bool:
        """Tell if *password* is that of *user*."""
        return self._passwords.get(user.casefold()) == password

    @contextmanager
    def as_ntlm_store(self) -> Iterator[None]:
        """Let pyspnego find these accounts, and no other code of the process afterwards."""
        if self._directory is None:
            raise RuntimeError("the accounts are closed. Call open() first.")
        with _ENVIRONMENT_LOCK:
            before = os.environ.get(_USER_FILE_VARIABLE)
            os.environ[_USER_FILE_VARIABLE] = str(self._directory / "users")
            try:
                yield
            finally:
                if before is None:
                    del os.environ[_USER_FILE_VARIABLE]
                else:
                    os.environ[_USER_FILE_VARIABLE] = before


class Gate:
    """Authentication state of one connection: NTLM authenticates connections, not requests."""

    def __init__(
        self, accounts: Accounts, *, offers_basic: bool, bindings: GssChannelBindings | None
    ) -> None:
        self._accounts = accounts
        self._bindings = bindings
        self._context: spnego.ContextProxy | None = None
        self._schemes: Headers = (("WWW-Authenticate", "Negotiate"),)
        if offers_basic:
            self._schemes += (("WWW-Authenticate", 'Basic realm="WSMAN"'),)

    @property
    def context(self) -> spnego.ContextProxy | None:
        """The finished security context that seals messages; None after Basic."""
        return self._context if self._context is not None and self._context.complete else None

    def refuse(self) -> Admission:
        """Offer the schemes of this listener and forget what was agreed before."""
        self._context = None
        return Admission(None, self._schemes)

    def admit(self, authorization: str) -> Admission:
        """Judge one Authorization header; an empty one counts on an authenticated connection."""
        scheme, _, text = authorization.partition(" ")
        if not authorization and self.context is not None:
            return Admission(self.context.client_principal, ())
        try:
            token = base64.b64decode(text, validate=True)
        except binascii.Error:
            return self.refuse()
        if scheme.lower() == "basic":
            return self._admit_basic(token)
        if scheme.lower() in ("negotiate", "ntlm"):
            return self._admit_negotiated(scheme, token)
        return self.refuse()

    def _admit_basic(self, token: bytes) -> Admission:
        user, _, password = token.decode("utf-8", "replace").partition(":")
        is_offered = len(self._schemes) > 1
        if is_offered and self._accounts.match(user, password):
            return Admission(user.casefold(), ())
        return self.refuse()

    def _admit_negotiated(self, scheme: str, token: bytes) -> Admission:
        with self._accounts.as_ntlm_store():
            try:
                context = self._unfinished_context(scheme.lower())
                answer = context.step(token, channel_bindings=self._bindings)
            except SpnegoError:
                return self.refuse()
        # The last SPNEGO token carries mechListMIC: without it clients reject the context.
        headers: Headers = ()
        if answer is not None:
            headers = (("WWW-Authenticate", f"{scheme} {base64.b64encode(answer).decode()}"),)
        return Admission(context.client_principal if context.complete else None, headers)

    def _unfinished_context(self, protocol: str) -> spnego.ContextProxy:
        if self._context is None or self._context.complete:
            kind = "use_ntlm" if protocol == "ntlm" else "use_negotiate"
            options = spnego.NegotiateOptions[kind]  # pure Python; a system GSSAPI has no accounts
            self._context = spnego.server(protocol=protocol, options=options)
        return self._context


def _user_file_line(user: str, password: str) -> str:
    domain, backslash, name = user.partition("\\")
    # A client that gives no domain sends the empty one, and the file is matched by both.
    return f"{domain}:{name}:{password}" if backslash else f":{user}:{password}"
