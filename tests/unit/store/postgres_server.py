# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL server of the tests' own: made from its binaries, gone without a trace at the end.

It listens on a Unix socket in its own directory and on no address, so there is no port to collide
on; each worker of pytest-xdist has one. PostgreSQL refuses to run as root, so root hands it over.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest

ACCOUNTS = ("postgres", "nobody")
USER = "index"
# Nothing here has to survive; every test would wait for the disk otherwise.
SETTINGS = ("listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True)
class PostgresServer:
    """A running server; each database of it is empty and used once."""

    folder: Path
    _numbers: count

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """Make an empty database; return its URL."""
        name = f"index{next(self._numbers)}"
        with self._connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop(self, url: str) -> None:
        name = url.partition("@/")[2].partition("?")[0]
        with self._connect() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self.folder), user=USER, dbname="postgres", autocommit=True)


def find_binaries() -> Path | None:
    """Return the directory with initdb and postgres, the newest release first."""
    packaged = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda path: float(path.parent.name),
        reverse=True,
    )
    named = shutil.which("initdb")
    candidates = [*([Path(named).resolve().parent] if named else []), *packaged]
    usable = (path for path in candidates if (path / "initdb").exists())
    return next((path for path in usable if (path / "postgres").exists()), None)


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Start a server and stop it; skips the test where there are no binaries."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL: neither /usr/lib/postgresql nor PATH has initdb and postgres")
    account = _account()
    # Not below pytest's own directory: no other account may enter that.
    folder = Path(tempfile.mkdtemp(prefix="index-pg-"))
    try:
        if account:
            os.chown(folder, account["user"], account["group"])
        yield from _serve(binaries, folder, account)
    finally:
        shutil.rmtree(folder)


def _account() -> dict[str, int]:
    """Return how subprocess hands over, or nothing where we are not root."""
    if os.geteuid() != 0:
        return {}
    names = {item.pw_name: item for item in pwd.getpwall()}
    found = next((names[name] for name in ACCOUNTS if name in names), None)
    if found is None:
        pytest.skip(f"no PostgreSQL: it refuses root, and there is none of {', '.join(ACCOUNTS)}")
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


def _serve(binaries: Path, folder: Path, account: dict[str, int]) -> Iterator[PostgresServer]:
    data, log = folder / "data", folder / "server.log"
    initdb = [binaries / "initdb", "--pgdata", data, "--username", USER, "--auth", "trust"]
    options = ["--encoding", "UTF8", "--no-locale", "--no-sync"]
    subprocess.run(
        [*initdb, *options], cwd=folder, capture_output=True, check=True, timeout=120, **account
    )
    settings = " ".join(f"-c {setting}" for setting in SETTINGS)
    control = [binaries / "pg_ctl", "--pgdata", data, "--wait", "--silent"]
    start = [*control, "--log", log, "--options", f"-k {folder} {settings}", "start"]
    try:
        subprocess.run(start, cwd=folder, check=True, timeout=120, **account)
    except subprocess.CalledProcessError as error:
        said = log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"PostgreSQL did not start: {said}") from error
    try:
        yield PostgresServer(folder, count(1))
    finally:
        # Nothing is kept, so nothing has to be written out.
        stop = [*control, "--mode", "immediate", "stop"]
        subprocess.run(stop, cwd=folder, check=True, timeout=60, **account)
