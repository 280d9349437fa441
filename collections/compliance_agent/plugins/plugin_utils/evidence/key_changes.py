# SPDX-License-Identifier: GPL-3.0-or-later
"""Put another key in the place of the one in use, and revoke keys. Doing it again ends a crash.

The private file in use is FILE. Under the lock of the site, each step durable before the next:
1. The new private key is made in a file of its own, ``FILE.next``.
2. The statement is written and entered in the log; both keys sign the checkpoint.
3. The public halves are published: beside the evidence, and beside FILE.
4. FILE gets a second name, ``FILE.<old key_id>.retired`` or ``.revoked``.
5. ``FILE.next`` takes the name FILE. There is a key in use at every moment.
After step 2 the old key is refused for signing, so nothing is signed with it between the steps.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from glob import escape
from pathlib import Path

from ..clock import Clock
from ..durable import sync_directory
from ..errors import ComplianceError
from ..instants import to_text
from .drafts import finish_drafts
from .key_ring import read_key_statements, read_public_lines, refuse_revoked
from .key_statements import (
    Compromise,
    KeyRevocation,
    KeyRotation,
    KeyStatement,
    parse_key_statement,
    revocation_line,
    rotation_line,
)
from .keys import (
    SigningKeyUnusable,
    SiteKey,
    create_key,
    load_key,
    publish_key,
    write_public_half,
)
from .site import SiteDirectory
from .statements import enter_statement, finish_statements

# Whoever asks again within this time is unsure whether the first time went through.
SAME_ROTATION = timedelta(hours=1)


class KeyUnknown(ComplianceError):
    """The key that is named is none of this site."""

    code = "key_unknown"


class AlreadyRevoked(ComplianceError):
    """The key is revoked, and what is said now would not say more."""

    code = "key_already_revoked"


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What was said, and which key is in use now.

    *put_aside* is the private file of the key that was in use before, None if it still is.
    *was_done* says that nothing new was said: it had been, a moment ago or before a crash.
    """

    statement: KeyStatement
    in_use: SiteKey
    put_aside: Path | None
    was_done: bool


@dataclass(frozen=True, slots=True)
class KeyKeeper:
    """The keys of *site*, the one in use in *key_file*; its methods take the lock of the site."""

    site: SiteDirectory
    key_file: Path
    clock: Clock

    @property
    def next_file(self) -> Path:
        """Return where the key waits that is to come."""
        return self.key_file.with_name(self.key_file.name + ".next")

    def refuse_no_site(self) -> None:
        """Return if the site has keys; raises KeyUnknown before a lock makes a directory."""
        if not self.site.keys.is_dir():
            raise KeyUnknown(
                f"there is no site {self.site.site_id} in {self.site.root}",
                value=str(self.site.keys),
                remedy="Compare its name and HIPAA_EVIDENCE_DIR; `keys create` makes a first key.",
            )

    def rotate(self) -> KeyChange:
        """Let a new key follow the one in use.

        Finishes a change that was cut off instead, and does nothing if the last rotation is less
        than an hour old. Raises what `statements.enter_statement` does, SigningKeyUnusable,
        SigningKeyRevoked and SigningKeyReplaced.
        """
        self.refuse_no_site()
        with self.site.locked("rotating the signing key"):
            current, statements = self._open()
            if done := self._finish_change(current, statements):
                return done
            self._refuse_unfit(current, statements)
            now = self.clock()
            for statement in statements:
                if _is_repeated(statement, current, now):
                    return KeyChange(statement, current, self._aside(statement), was_done=True)
            new = self._next_key()
            line = rotation_line(self.site.site_id, current, new, now)
            return self._change(line, current, new)

    def revoke(self, compromise: Compromise) -> KeyChange:
        """Say what is known of a key that must not be trusted any more.

        If it is the one in use, it says so itself, and a new key takes its place that it does not
        vouch for. A change that was cut off is finished first. Raises as `rotate` does, and
        KeyUnknown, AlreadyRevoked and KeyStatementInvalid.
        """
        self.refuse_no_site()
        with self.site.locked("revoking a key"):
            current, statements = self._open()
            if done := self._finish_change(current, statements):
                current = done.in_use
            ring = read_public_lines(self.site, statements)
            if compromise.key_id not in ring:
                raise KeyUnknown(
                    f"{compromise.key_id} is no key of {self.site.site_id}",
                    value=sorted(ring),
                    remedy="Name one of these; `keys show` describes them.",
                )
            self._refuse_unfit(current, statements)
            if said := _said(compromise, statements):
                return done or KeyChange(said, current, self._aside(said), was_done=True)
            now = self.clock()
            line = revocation_line(self.site.site_id, compromise, current, now)
            if compromise.key_id == current.key_id:
                return self._change(line, current, self._next_key())
            enter_statement(self.site, line, current)
            return KeyChange(parse_key_statement(line), current, None, was_done=False)

    def _open(self) -> tuple[SiteKey, list[KeyStatement]]:
        if self.key_file.is_symlink():
            # A rename would replace the link and leave the key that it leads to in use elsewhere.
            raise SigningKeyUnusable(
                f"the signing key {self.key_file} is a link",
                value=str(self.key_file.resolve()),
                remedy="Name the file itself: --signing-key, or HIPAA_SIGNING_KEY_FILE.",
            )
        for draft in self.key_file.parent.glob(f".{escape(self.next_file.name)}.*"):
            draft.unlink()  # of a key that a crash kept from having a name; nobody else makes any
        return load_key(self.key_file), read_key_statements(self.site)

    def _refuse_unfit(self, current: SiteKey, statements: Sequence[KeyStatement]) -> None:
        """Finish what others left, if *current* is the key of this site; else raise."""
        ring = read_public_lines(self.site, statements)
        if current.key_id not in ring:
            raise KeyUnknown(
                f"{self.key_file} is no key of {self.site.site_id}",
                value=current.key_id,
                remedy=f"Its keys are {', '.join(ring) or 'not made yet'}; compare the paths.",
            )
        refuse_revoked(self.site, current)
        finish_drafts(self.site, current)
        finish_statements(self.site, current)

    def _finish_change(
        self, current: SiteKey, statements: Sequence[KeyStatement]
    ) -> KeyChange | None:
        """Finish a change of *current* that was begun here; return None if there is none."""
        if not os.path.lexists(self.next_file):
            return None
        successor = load_key(self.next_file)
        for statement in statements:
            if _changes(statement, current, successor):
                finish_statements(self.site, current, successor)
                return self._swap(statement, current, successor, was_done=True)
        return None

    def _next_key(self) -> SiteKey:
        """Return the key that waits, left by a crash before it was of use, or a new one."""
        if os.path.lexists(self.next_file):
            return load_key(self.next_file)
        return create_key(self.next_file)

    def _change(self, line: bytes, current: SiteKey, successor: SiteKey) -> KeyChange:
        enter_statement(self.site, line, current, successor)
        return self._swap(parse_key_statement(line), current, successor, was_done=False)

    def _swap(
        self, statement: KeyStatement, current: SiteKey, successor: SiteKey, *, was_done: bool
    ) -> KeyChange:
        publish_key(successor, self.site)
        # A key that was rotated is vouched for by the next one; a revoked one stays listed, since
        # without it nobody could verify what it signed before.
        vouched = statement.key_id if isinstance(statement, KeyRotation) else None
        write_public_half(successor, self.key_file, self.site.site_id, instead_of=vouched)
        aside = self._aside(statement)
        try:
            if aside is not None:
                _give_second_name(self.key_file, aside, current)
            self.next_file.replace(self.key_file)
            sync_directory(self.key_file.parent)
        except OSError as error:
            raise SigningKeyUnusable(
                f"{self.next_file} cannot take the place of {self.key_file}",
                value=error.strerror,
                remedy="Make its directory writable, then run the same command again.",
            ) from error
        return KeyChange(statement, successor, aside, was_done)

    def _aside(self, statement: KeyStatement) -> Path | None:
        """Return the second name of the key that *statement* put out of use, if it did."""
        word = "retired" if isinstance(statement, KeyRotation) else "revoked"
        if isinstance(statement, KeyRevocation) and statement.key_id != statement.revoked_key_id:
            return None
        return self.key_file.with_name(f"{self.key_file.name}.{statement.key_id}.{word}")


def _give_second_name(file: Path, aside: Path, key: SiteKey) -> None:
    if not os.path.lexists(aside):
        os.link(file, aside)
        sync_directory(aside.parent)
    elif load_key(aside).key_id != key.key_id:
        raise SigningKeyUnusable(
            f"{aside} holds another key than its name says",
            remedy="Move it away, then run the same command again.",
        )


def _changes(statement: KeyStatement, current: SiteKey, successor: SiteKey) -> bool:
    """Return whether *statement* puts *successor* in the place of *current*."""
    if isinstance(statement, KeyRotation):
        return (statement.key_id, statement.new_key_id) == (current.key_id, successor.key_id)
    return statement.key_id == statement.revoked_key_id == current.key_id


def _is_repeated(statement: KeyStatement, current: SiteKey, now: datetime) -> bool:
    return (
        isinstance(statement, KeyRotation)
        and statement.new_key_id == current.key_id
        and abs(now - statement.issued_at) < SAME_ROTATION
    )


def _said(compromise: Compromise, statements: Sequence[KeyStatement]) -> KeyRevocation | None:
    """Return what says just this; raises AlreadyRevoked if as much or more is said already."""
    said = [
        statement
        for statement in statements
        if isinstance(statement, KeyRevocation) and statement.revoked_key_id == compromise.key_id
    ]
    since = datetime.fromisoformat(to_text(compromise.since))
    for statement in said:
        if (statement.compromised_at, statement.reason_code) == (since, compromise.reason):
            return statement
    if said and (earliest := min(item.compromised_at for item in said)) <= since:
        raise AlreadyRevoked(
            f"the key {compromise.key_id} is revoked already",
            value=to_text(earliest),
            remedy="A second revocation can only name an earlier instant.",
        )
    return None
