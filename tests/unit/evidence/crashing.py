# SPDX-License-Identifier: GPL-3.0-or-later
"""A power cut at a chosen step."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

# What changes the disk or makes a change durable. Python's pathlib and shutil come down to these.
STEPS = ("fsync", "rename", "replace", "unlink", "rmdir", "mkdir", "link", "ftruncate")


class Crash(BaseException):
    """The machine lost its power: no handler of the program may run after it."""


@contextmanager
def crash_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Let step number *step* (from 0) and all after it fail; yields a list of the steps made."""
    made: list[str] = []
    with monkeypatch.context() as patch:
        for name in STEPS:
            patch.setattr(os, name, _watched(name, step, made))
        yield made


def _watched(name: str, step: int, made: list[str]) -> Any:
    original = getattr(os, name)

    def watched(*args: Any, **options: Any) -> Any:
        if len(made) >= step:
            raise Crash
        made.append(name)
        return original(*args, **options)

    return watched
