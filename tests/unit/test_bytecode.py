# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies what is loaded by its bytecode: our package only, from the copy that is in use."""

import importlib
import importlib.util
import shutil
import sys

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.bytecode import (
    PACKAGE,
    BytecodeFinder,
    loading_bytecode,
)
from unit.evidence.project import PLUGINS, check_play, guard_play, make_project


def load(name, folder):
    """Return the module that the finder finds for *name* in *folder*, loaded."""
    spec = BytecodeFinder.find_spec(name, [str(folder)])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_run_keeps_the_bytecode_of_what_it_loads(tmp_path):
    project = make_project(tmp_path)
    plugin_utils = tmp_path / "collections/ansible_collections/hipaa/compliance_agent/plugins"
    plugin_utils /= "plugin_utils"
    plugin_utils.unlink()
    shutil.copytree(
        PLUGINS / "plugin_utils", plugin_utils, ignore=shutil.ignore_patterns("__pycache__")
    )

    run = project.run([guard_play(["firewall"]), check_play(["firewall"])], {"pc1": {}})

    assert run.returncode == 0, run.stdout + run.stderr
    assert list(plugin_utils.glob("evidence/__pycache__/verify.*.pyc"))


def test_of_two_copies_the_one_in_use_is_loaded(tmp_path):
    for copy in ("one", "other"):
        (tmp_path / copy).mkdir()
        (tmp_path / copy / "clock.py").write_text(f"COPY = {copy!r}\n")

    module = load(f"{PACKAGE}.clock", tmp_path / "other")

    assert (module.COPY, module.__file__) == ("other", str(tmp_path / "other" / "clock.py"))


def test_where_no_bytecode_can_be_kept_the_source_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    (tmp_path / "clock.py").write_text("HOUR = 12\n")
    # A file, since the mode of a directory does not stop root.
    (tmp_path / "__pycache__").touch()

    module = load(f"{PACKAGE}.clock", tmp_path)

    assert module.HOUR == 12


def test_a_changed_source_is_loaded_anew(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    source = tmp_path / "clock.py"
    source.write_text("HOUR = 12\n")
    load(f"{PACKAGE}.clock", tmp_path)

    source.write_text("HOUR = 120\n")

    assert list(tmp_path.glob("__pycache__/clock.*.pyc"))
    assert load(f"{PACKAGE}.clock", tmp_path).HOUR == 120


@pytest.mark.parametrize(
    "name",
    [PACKAGE, f"{PACKAGE}_of_others.clock", "ansible_collections.other.windows.clock", "clock"],
)
def test_other_modules_are_left_to_their_own_finders(tmp_path, name):
    (tmp_path / "clock.py").touch()

    assert BytecodeFinder.find_spec(name, [str(tmp_path)]) is None


def test_no_finder_is_left_behind_even_by_what_cannot_be_loaded():
    before = list(sys.meta_path)

    with pytest.raises(ImportError), loading_bytecode():
        importlib.import_module(f"{PACKAGE}.evidence.missing")

    assert sys.meta_path == before
