# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and create the file of a secret: mode 0600, ours, small, and never written over.

Secrets travel by file path only, since environments and variables end up in logs. No message
here quotes what a file holds: a damaged secret is still a secret.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from .durable import draft_of, sync_directory, write_draft
from .errors import ComplianceError

# Our secrets are one line below 100 bytes; a larger file only serves a wrong path.
LARGEST_SECRET_BYTES = 4096


class SecretFileUnusable(ComplianceError):
    """The file of a secret must not or cannot be used."""

    code = "secret_file_unusable"


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A path and what to call its secret; making one touches no file.

    *noun* completes "the … cannot be read". *read_remedy* and *create_remedy* are the sentences
    that follow when the operating system refuses. *unusable* is the error that callers know.
    """

    path: Path
    noun: str
    read_remedy: str
    create_remedy: str
    unusable: type[SecretFileUnusable] = SecretFileUnusable

    def is_present(self) -> bool:
        """Return whether something has this name, even a link that leads nowhere."""
        return os.path.lexists(self.path)

    def read(self) -> bytes:
        """Return what the file holds; raises *unusable* unless it is regular, ours and private."""
        try:
            # O_NONBLOCK: a FIFO must not hang the run before it is refused.
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            with open(descriptor, "rb") as stream:  # noqa: PTH123 - the checked file is the read one
                self._refuse_exposed(os.fstat(stream.fileno()))
                content = stream.read(LARGEST_SECRET_BYTES + 1)
        except OSError as error:
            raise self.unusable(
                f"the {self.noun} {self.path} cannot be read",
                value=error.strerror,
                remedy=self.read_remedy,
            ) from error
        if len(content) > LARGEST_SECRET_BYTES:
            raise self.unusable(
                f"{self.path} is no {self.noun}: it is larger than {LARGEST_SECRET_BYTES} bytes",
                remedy="Compare the path with the one you meant.",
            )
        return content

    def create(self, content: bytes) -> None:
        """Write a new durable file of mode 0600; raises *unusable*, also if one is there."""
        draft = draft_of(self.path)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.unlink(missing_ok=True)
            try:
                # Half a secret would stop every later run, and nobody could tell it from a lost
                # one; and unlike a rename, a link never takes the place of what is there.
                write_draft(draft, content, 0o600)
                os.link(draft, self.path)
            finally:
                draft.unlink(missing_ok=True)
            sync_directory(self.path.parent)
        except OSError as error:
            raise self.unusable(
                f"the {self.noun} {self.path} cannot be created",
                value=error.strerror,
                remedy=self.create_remedy,
            ) from error

    def _refuse_exposed(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise self.unusable(f"the {self.noun} {self.path} is not a regular file")
        if status.st_uid != os.geteuid():
            raise self.unusable(
                f"the {self.noun} {self.path} belongs to somebody else",
                value=status.st_uid,
                remedy=f"Run as its owner, or give the file to user id {os.geteuid()}.",
            )
        mode = stat.S_IMODE(status.st_mode)
        if mode & 0o077:
            raise self.unusable(
                f"others can read or write the {self.noun} {self.path}",
                value=f"{mode:04o}",
                remedy=f"Run: chmod 0600 {self.path}; if others have used this machine, make a "
                "new key.",
            )
