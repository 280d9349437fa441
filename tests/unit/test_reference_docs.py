# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation says what the code does: pages are current, codes explained, links lead on."""

import importlib
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.judgement import (
    SHARED_CODES,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import ComplianceError
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.bundles import Reason
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.preflight import (
    CONNECTION_PROBLEMS,
    UNREACHABLE,
    find_problems,
)
from tools.policy_comments import read_file_comment, read_policy_keys
from tools.reference_docs import REFERENCE, ROOT, catalogue_of, reference_pages
from tools.schema_words import allowed_words, value_words

PLUGIN_UTILS = "ansible_collections.hipaa.compliance_agent.plugins.plugin_utils"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """Return the names that a link can end in, as GitHub makes them from headings."""
    titles = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def table_codes(page: Path) -> set[str]:
    """Return every code that the first column of a table on *page* names."""
    rows = re.findall(r"^\| ([^|]*) \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {code for row in rows for code in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize("name", ["finding-codes.md", "policy-keys.md"])
def test_generated_pages_are_what_make_docs_writes(name):
    assert (REFERENCE / name).read_text(encoding="utf-8") == reference_pages()[name]


@pytest.mark.parametrize("check", CheckId)
def test_every_finding_code_is_explained_on_the_page_of_its_check(check):
    text = (REFERENCE / "checks" / f"{check}.md").read_text(encoding="utf-8")

    assert [code for code in sorted(catalogue_of(check)) if f"`{code}`" not in text] == []


def test_every_error_code_is_explained():
    core = Path(importlib.import_module(f"{PLUGIN_UTILS}.errors").__file__ or "").parent
    for file in core.rglob("*.py"):
        name = ".".join(file.relative_to(core).with_suffix("").parts)
        importlib.import_module(f"{PLUGIN_UTILS}.{name}")
    pending, codes = [ComplianceError], set(SHARED_CODES) | {reason.value for reason in Reason}
    while pending:
        error = pending.pop()
        codes.add(error.code)
        pending += error.__subclasses__()
    page = (REFERENCE / "errors.md").read_text(encoding="utf-8")

    assert [code for code in sorted(codes) if f"`{code}`" not in page] == []


def test_every_preflight_code_is_explained():
    worst = {
        "utc": "2026-03-02T12:00:00",
        "powershell": "3.0",
        "language_mode": "ConstrainedLanguage",
        "architecture": "x86",
        "native_architecture": "AMD64",
        "high": "False",
        "label": "True",
    }
    now = datetime(2026, 3, 2, 13, tzinfo=UTC)
    seen = [problem for answer in (worst, {}) for problem in find_problems(answer, now, 300)]
    connection = [problem for _, problem in CONNECTION_PROBLEMS]
    codes = {problem.code for problem in [*seen, *connection, UNREACHABLE]}

    assert codes <= table_codes(ROOT / "docs" / "connect.md")
    assert {"clock_skew", "powershell_too_old", "wow64_process", "not_elevated"} <= codes
    assert "preflight_unreadable" in codes


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_to_files_and_headings_that_exist(page):
    broken = []
    for path, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(f"{path}#{anchor}")

    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_no_page_promises_legal_compliance(page):
    assert "hipaa compliant" not in page.read_text(encoding="utf-8").lower()


def test_every_page_is_reachable_from_the_index():
    index, runbooks = ROOT / "docs" / "index.md", ROOT / "docs" / "reference" / "runbooks.md"
    listed = {index, *linked_from(index), *linked_from(runbooks)}
    pages = set((ROOT / "docs").rglob("*.md"))

    assert runbooks in linked_from(index)
    assert sorted(page_id(page) for page in pages - listed) == []


def linked_from(page):
    """Return the files that *page* names."""
    text = page.read_text(encoding="utf-8")
    return {(page.parent / path).resolve() for path, _ in LINK.findall(text)}


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_comments_of_a_policy_file_find_their_keys(tmp_path):
    file = tmp_path / "policy.yml"
    file.write_text(
        "# SPDX-License-Identifier: GPL-3.0-or-later\n# What the file is about.\n\n"
        "first_days: 1 # CIS 1.2\n"
        "# Days of a pair; RFC 1.\n"
        "warn_days: 2 # only sometimes\n"
        "fail_days: 3\n"
        "unlike: 5\n"
        "own_kb: 4 # own choice\n"
        "bare: [a, b]\n\n"
        "# The site says so.\n"
        '# until: "2026-10-13"\n'
    )
    names = ["first_days", "warn_days", "fail_days", "unlike", "own_kb", "bare", "until", "gone"]

    keys = read_policy_keys(file, names)

    assert {name: (key.comment, key.value) for name, key in keys.items()} == {
        "first_days": ("CIS 1.2", 1),
        "warn_days": ("Days of a pair; RFC 1; only sometimes", 2),
        "fail_days": ("Days of a pair; RFC 1.", 3),
        "unlike": ("", 5),
        "own_kb": ("own choice", 4),
        "bare": ("", ["a", "b"]),
        "until": ("The site says so.", None),
    }
    assert not keys["until"].is_set
    assert read_file_comment(file) == "What the file is about."


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        pytest.param({"type": "integer", "exclusiveMinimum": 0}, "whole number, 1 or more"),
        pytest.param({"type": "integer", "minimum": 0, "maximum": 9}, "whole number, 0 to 9"),
        pytest.param({"type": "integer"}, "whole number"),
        pytest.param({"enum": ["none", "wsus"]}, "`none`, `wsus`"),
        pytest.param({"type": "string", "const": "block"}, "`block`"),
        pytest.param({"type": "string", "format": "date"}, "`YYYY-MM-DD`"),
        pytest.param({"type": "array", "items": {"type": "string"}}, "list of text"),
        pytest.param({"type": "array", "items": {"$ref": "#/$defs/Row"}}, "list of mapping"),
        pytest.param({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text or `null`"),
    ],
)
def test_a_schema_is_said_in_words(schema, words):
    assert allowed_words(schema) == words


def test_a_default_is_shown_as_yaml():
    assert value_words({"a": [1, True], "b": "x"}) == "{a: [1, true], b: x}"
