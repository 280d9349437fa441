# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may know whom: the core in plain Python, judges without a world, one place for the time."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = "ansible_collections.hipaa.compliance_agent.plugins.plugin_utils"
# A judge is a function of its arguments: nothing here can tell it more.
WORLD = {
    "ansible", "flask", "http", "logging", "nacl", "os", "pathlib", "random", "shutil", "socket",
    "sqlalchemy", "subprocess", "sys", "tempfile", "time", "urllib", "uuid", "yaml",
}  # fmt: skip
# What they are told: documents, parsed and typed.
JUDGES_MAY_USE = {"controls", "errors", "instants", "models", "policy"}


@pytest.fixture(scope="module")
def plugin_utils(collection) -> Path:
    return collection / "plugins" / "plugin_utils"


def imports(path: Path) -> Iterator[str]:
    """Yield the full name of every module that the file at *path* imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = path.parent
            for _ in range(node.level - 1):
                package = package.parent
            inside = str(package).partition("plugin_utils")[2].replace("/", ".")
            prefix = f"{HOME}{inside}" if node.level else ""
            yield ".".join(part for part in (prefix, node.module) if part)


def modules(path: Path) -> Iterator[str]:
    """Yield the full name of each module of ours that the file at *path* imports by a dot."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            package = path.parents[node.level - 1] / (node.module or "").replace(".", "/")
            found = [alias.name for alias in node.names] if package.is_dir() else [""]
            inside = str(package).partition("plugin_utils")[2].replace("/", ".")
            yield from (f"{HOME}{inside}.{name}".strip(".") for name in found)


def names_from_the_core(path: Path) -> Iterator[str]:
    """Yield what the file at *path* takes from plugin_utils: modules, and names in modules."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(HOME):
            inside = (node.module or "").removeprefix(HOME).strip(".")
            yield from (f"{inside}.{alias.name}".strip(".") for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(HOME))


def names_of(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Return what *node* imports, without the dots of our own."""
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names]


def tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


def test_the_core_imports_neither_ansible_nor_flask(plugin_utils):
    guilty = {
        path.name: found
        for path in plugin_utils.rglob("*.py")
        if (found := tops(path) & {"ansible", "flask"})
    }

    assert guilty == {}


def test_judges_are_pure(plugin_utils):
    judges = sorted((plugin_utils / "checks").glob("*.py"))

    guilty = {path.name: found for path in judges if (found := tops(path) & WORLD)}

    assert judges, "no judge was looked at"
    assert guilty == {}


def test_judges_know_facts_and_policies_only(plugin_utils):
    allowed = {f"{HOME}.{name}" for name in JUDGES_MAY_USE}
    foreign = {
        f"{path.name}: {name.removeprefix(HOME)}"
        for path in (plugin_utils / "checks").glob("*.py")
        for name in imports(path)
        if name.startswith(HOME)
        and name not in allowed
        and not name.startswith((f"{HOME}.facts", f"{HOME}.checks"))
    }

    assert foreign == set()


def test_facts_and_evidence_do_not_know_the_judges(plugin_utils):
    guilty = {
        f"{path.parent.name}/{path.name}"
        for folder in ("facts", "evidence")
        for path in (plugin_utils / folder).glob("*.py")
        if any(name.startswith(f"{HOME}.checks") for name in imports(path))
    }

    assert guilty == set()


# What the store may know: the models, the half of evidence that reads and verifies, and what the
# healer decides with: values and pure functions, never what loads rules or talks to a model.
STORE_MAY_USE = {
    "clock", "errors", "instants", "models", "evidence.canonical", "evidence.coverage",
    "evidence.ledger.log", "evidence.site", "evidence.site_lock", "evidence.verify",
    "healing.approvals", "healing.attempts", "healing.events", "healing.gate", "healing.incident",
    "healing.incidents",
    "healing.planner.budget", "healing.policy", "healing.relapse", "healing.repair_request",
    "healing.runbooks", "healing.sightings", "healing.steps", "healing.ticket_policy",
    "healing.tickets",
}  # fmt: skip


def test_the_store_knows_models_evidence_and_decisions_of_the_healer_only(plugin_utils):
    foreign = {
        f"{path.name}: {inside}"
        for path in (plugin_utils / "store").rglob("*.py")
        for name in modules(path)
        if name.startswith(HOME) and (inside := name.removeprefix(f"{HOME}."))
        if not inside.startswith("store") and inside not in STORE_MAY_USE
    }

    assert foreign == set()


# They decide whether a host is changed: nothing but their arguments may tell them more.
GATE = ("approvals", "gate", "repair_request", "situation", "windows")


def test_the_gate_decides_by_its_arguments_alone(plugin_utils):
    files = [plugin_utils / "healing" / f"{name}.py" for name in GATE]

    assert {path.name: found for path in files if (found := tops(path) & WORLD)} == {}


def test_nothing_in_the_core_knows_the_index(plugin_utils):
    guilty = {
        str(path.relative_to(plugin_utils))
        for path in plugin_utils.rglob("*.py")
        # healer/ puts the parts together: what decides, and what remembers.
        if path.relative_to(plugin_utils).parts[0] not in {"store", "healer"}
        if tops(path) & {"alembic", "sqlalchemy"}
        or any(name.startswith(f"{HOME}.store") for name in imports(path))
    }

    assert guilty == set()


def test_what_the_healer_remembers_is_decided_without_a_world(plugin_utils):
    # A policy is read from its file by the module that knows its form.
    decides = [
        plugin_utils / "healing" / f"{name}.py"
        for name in ("attempts", "events", "incidents", "ladder", "sightings", "tickets")
    ]

    assert {path.name: found for path in decides if (found := tops(path) & WORLD)} == {}


def test_the_core_of_the_log_is_pure(plugin_utils):
    # A key that signs is a parameter there, so its library may be named.
    world = WORLD - {"nacl"}
    core = [
        plugin_utils / "evidence/ledger" / f"{name}.py" for name in ("merkle", "notes", "proofs")
    ]

    assert {path.name: found for path in core if (found := tops(path) & world)} == {}


def test_rules_are_matched_without_a_world(plugin_utils):
    names = ("matching", "rule_overlap", "rule_table", "rule_targets", "rules")
    core = [plugin_utils / "healing" / f"{name}.py" for name in names]

    assert {path.name: found for path in core if (found := tops(path) & WORLD)} == {}


# The client of a model, and the weights and the vocabulary of the second opinion.
PLANNER_SHELL = {"endpoint.py", "retrieval.py", "wordpiece.py"}


def test_the_planner_decides_without_a_world(plugin_utils):
    planner = sorted((plugin_utils / "healing/planner").glob("*.py"))

    world = WORLD | {"httpx", "numpy", "onnxruntime", "openai", "ssl", "threading"}
    guilty = {path.name: found for path in planner if (found := tops(path) & world)}

    assert set(guilty) == PLANNER_SHELL
    assert {name for name, found in guilty.items() if "openai" in found} == {"endpoint.py"}


def test_the_planner_needs_no_extra_to_be_imported(plugin_utils):
    extras = {"numpy", "onnxruntime", "openai"}
    eager = {
        path.name
        for path in (plugin_utils / "healing/planner").glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        and {name.partition(".")[0] for name in names_of(node)} & extras
    }

    assert eager == set()


def test_the_time_is_read_in_one_place(collection):
    readers = {
        str(path.relative_to(collection))
        for path in (collection / "plugins").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow", "today"}
        and ast.unparse(node.value) in {"datetime", "date", "datetime.datetime", "dt.datetime"}
    }

    assert readers == {"plugins/plugin_utils/clock.py"}


def test_the_collection_is_made_of_namespace_packages(collection):
    assert list(collection.rglob("__init__.py")) == []


def test_no_module_is_the_place_for_anything(root):
    vague = {"utils.py", "helpers.py", "common.py", "manager.py", "misc.py"}
    folders = ("collections/compliance_agent", "tests", "webui")

    found = [path for folder in folders for path in (root / folder).rglob("*.py")]

    assert [path for path in found if path.name in vague] == []


def test_no_module_has_outgrown_its_subject(collection):
    # verify.py is one file on purpose: it is handed to auditors.
    long = {
        path.name: lines
        for path in (collection / "plugins").rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 300
    }

    assert set(long) <= {"verify.py"}


def test_the_program_uses_public_names_of_the_core_only(root):
    private = {
        f"{path.relative_to(root)}: {name}"
        for path in (root / "webui").rglob("*.py")
        for name in names_from_the_core(path)
        if any(part.startswith("_") for part in name.split("."))
    }

    assert private == set()


def test_the_collection_does_not_know_the_program(collection):
    guilty = {path.name for path in collection.rglob("*.py") if "webui" in tops(path)}

    assert guilty == set()
