# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the evidence tests put their sites and projects, and a disk that is not waited for."""

import os

import pytest

from unit.evidence.project import Project, make_project
from unit.evidence.runs import Clinic


@pytest.fixture
def clinic(tmp_path) -> Clinic:
    return Clinic(tmp_path)


@pytest.fixture
def project(tmp_path) -> Project:
    return make_project(tmp_path)


@pytest.fixture
def quick_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
