# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the whole repository: licence headers, the link, schemas, playbooks, locks."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from tools.export_rule_schemas import rule_schema_texts
from tools.export_schemas import schema_texts

COMMENTED = {".py", ".ps1", ".psm1", ".sh", ".yml", ".yaml", ".toml", ".cfg"}
# Written by a tool of others that leaves no room for a header, or JSON in disguise.
WITHOUT_HEADER = {"changelog.yaml"}
HEADER = "SPDX-License-Identifier: GPL-3.0-or-later"
# What ansible-test wants to read in the documents of plugins beside the SPDX line.
LONG_HEADER = "GNU General Public License v3.0+"
# Nothing in the repository depends on the machine it was written on.
FOREIGN = re.compile(r"/work/|/root/|/tmp/brief|://(?!compliance-agent\.invalid)[\w.-]*pypi")
TASK_KEYWORDS = (
    "action args any_errors_fatal async become become_exe become_flags become_method become_user "
    "changed_when check_mode collections connection debugger delay delegate_facts delegate_to diff "
    "environment failed_when gather_facts ignore_errors ignore_unreachable listen local_action "
    "loop loop_control module_defaults name no_log notify poll port register remote_user retries "
    "run_once tags throttle timeout until vars when block rescue always"
).split()


def tracked(root: Path) -> list[Path]:
    """Return the files of the repository; links and what git ignores are left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [root / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def tasks(node: object) -> Iterator[dict[str, object]]:
    """Yield every task of a playbook, a role's file or a block."""
    items = node if isinstance(node, list) else []
    for item in items:
        if not isinstance(item, dict):
            continue
        sections = [key for key in ("tasks", "pre_tasks", "post_tasks", "handlers") if key in item]
        blocks = [key for key in ("block", "rescue", "always") if key in item]
        for key in sections + blocks:
            yield from tasks(item[key])
        if not (sections or blocks or "hosts" in item or "import_playbook" in item):
            yield item


def test_every_file_names_its_licence(root):
    missing = [
        str(path.relative_to(root))
        for path in tracked(root)
        if path.suffix in COMMENTED and path.name not in WITHOUT_HEADER
        if HEADER not in path.read_text(encoding="utf-8")[:600]
    ]

    assert missing == []


def test_module_documents_carry_the_licence_as_ansible_wants_it(collection):
    plugins = collection / "plugins"
    documents = [*(plugins / "modules").iterdir(), *(plugins / "callback").glob("*.py")]

    assert [
        path.name
        for path in documents
        if path.is_file() and LONG_HEADER not in "\n".join(path.read_text().splitlines()[:20])
    ] == []


def test_no_file_speaks_of_the_machine_it_was_written_on(root):
    found = [
        f"{path.relative_to(root)}: {match[0]}"
        for path in tracked(root)
        if path.name != "test_repository.py"
        if (match := FOREIGN.search(path.read_text(encoding="utf-8", errors="replace")))
    ]

    assert found == []


def test_the_collection_has_its_full_name_through_a_relative_link(root):
    link = root / "collections" / "ansible_collections" / "hipaa" / "compliance_agent"

    assert link.is_symlink(), "git config core.symlinks true, and check the link out again"
    assert str(link.readlink()) == "../../compliance_agent"


def test_git_keeps_the_link_as_a_link(root):
    entry = subprocess.run(
        ["git", "ls-files", "-s", "collections/ansible_collections"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )

    assert [line.split()[0] for line in entry.stdout.splitlines()] == ["120000"]


def test_the_action_group_holds_every_check(collection):
    runtime = yaml.safe_load((collection / "meta" / "runtime.yml").read_text())
    modules = {path.stem for path in (collection / "plugins" / "modules").glob("check_*.ps1")}

    assert set(runtime["action_groups"]["checks"]) == modules
    assert runtime["requires_ansible"] == ">=2.19.0"


def test_the_committed_schemas_are_those_of_the_models(root):
    committed = {path.name: path.read_text() for path in (root / "docs" / "schemas").glob("*.json")}

    assert committed == schema_texts(), "run `make docs`"


def test_the_schemas_of_the_rules_are_those_of_the_models(root):
    committed = {path.name: path.read_text() for path in (root / "rules/schemas").glob("*.json")}

    assert committed == rule_schema_texts(), "run `make docs`"


@pytest.mark.parametrize("name", ["l1_rules.yaml", "l1_cases.yml"])
def test_the_rules_name_a_schema_that_they_keep(root, name):
    text = (root / "rules" / name).read_text()
    named = re.findall(r"^# yaml-language-server: \$schema=(.*)$", text, re.MULTILINE)
    schema = json.loads((root / "rules" / named[0]).read_text())

    assert list(Draft202012Validator(schema).iter_errors(yaml.safe_load(text))) == []


def test_every_task_names_its_module_in_full(root):
    files = [*(root / "playbooks").rglob("*.yml"), *(root / "collections").glob("*/roles/**/*.yml")]
    task_files = [path for path in files if path.parent.name in {"playbooks", "tasks", "handlers"}]

    short = [
        f"{path.relative_to(root)}: {key}"
        for path in task_files
        for task in tasks(yaml.safe_load(path.read_text()))
        for key in task
        if key not in TASK_KEYWORDS and not key.startswith("with_")
        if not re.fullmatch(r"\w+\.\w+\.\w+", key)
    ]

    assert task_files, "no playbook was looked at"
    assert short == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_dependency_is_pinned_by_hash_and_names_no_index(root, lock):
    text = (root / lock).read_text()
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())

    assert len(entries) > 20
    assert [entry for entry in entries if not re.match(r"[\w.-]+==[\w.]+", entry)] == []
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text


def test_the_locks_agree(root):
    pins = {
        name: set(re.findall(r"^[\w.-]+==\S+", (root / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    }

    assert pins["requirements.lock"] <= pins["requirements-dev.lock"]
