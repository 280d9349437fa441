# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501 - the rows of a table are as long as they are
"""Write the reference pages that follow from code and rules: codes, policy keys, runbooks.

python -m tools.reference_docs        (PYTHONPATH=collections:tests)

Both pages list what the judges and the files of ``rules/policy`` hold, so a check is in them as
soon as ``JUDGES`` names it.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.checks.judgement import (
    SHARED_CODES,
    Catalogue,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.healing.runbooks import (
    Runbook,
    load_runbooks,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.judges import COMMON, JUDGES
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.models import CheckId
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.policy import Policy
from tools.policy_comments import PolicyKey, read_file_comment, read_policy_keys
from tools.schema_words import allowed_words, value_words

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
RULES = ROOT / "rules"

# Set by rules/controls.yml, not by a policy file.
NOT_A_POLICY_KEY = "hipaa_controls"
# A longer default does not fit a table.
DEFAULT_LENGTH = 60

HEAD = "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->\n<!-- Written by `make docs`. -->\n"

CODES_INTRO = """\
# Finding codes

Each finding has a code that never changes its meaning. Rules and tickets match on codes, never on
text from Windows. The same code may lead to FAIL, WARNING or ERROR; the page of the check says
when. The severity is the usual one: a judge may raise or lower it where its page says so. A runbook
is a known repair; without one a person has to act.
"""
KEYS_INTRO = """\
# Policy keys

Each threshold with its default, what may stand there, and where the default comes from. A site
overrides keys in `compliance_policy`, a host in `compliance_policy_host`: see
[How to change a threshold](../howto/change-a-threshold.md).
"""
SHARED_TEXT = """\
Any check can give these: the reading itself went wrong. What each one asks you to do is in
[Errors](errors.md).
"""
RUNBOOKS_INTRO = """\
# Runbooks

A runbook is a file `rules/runbooks/<id>.yml`, with its scripts in `rules/runbooks/scripts/<id>/`. The
schema `rules/schemas/runbook.json` completes its keys in an editor; `flask --app webui rules lint`
reads all of them. A repair has worked when the findings that `repairs` names are gone from the check,
made again: [How a repair is proven](../explanation/how-a-repair-is-proven.md).

| key | meaning |
| --- | --- |
| `check_type`, `repairs` | the check, and the codes of the findings that it mends |
| `action_type` | what the contract calls it; rules name the same one |
| `is_disruptive`, `requires_reboot`, `maintenance_window_only`, `requires_approval` | what the gate asks for: [Gate](gate.md) |
| `parameters` | typed values; each from the rule, from its `source`, the policy (`policy`), or its `default`. A source is a `finding`, another check that has `passed` in this run, or the `connection` |
| `run_as` | `login`, or `system` for what a network logon may not do |
| `preconditions` | the script that looks whether the fault is there and may be mended; it only reads |
| `steps`, `rollback_steps` | the way there and back, each with a time limit; `no_rollback_reason` where there is none. `async` marks one that may take over 15 minutes: it runs detached on the host, and outlives a lost connection and a killed run |
| `reboots`, `reboots_when` | of a step: the controller restarts the host after it, `always` or if it `changed` something; both need `requires_reboot` |
| `reveals_findings` | what it mends hid other findings: those that show up then are left for the next repair, and are no reason to go back |
| `arms_revert`, `expects_disconnect` | the host takes the repair back by itself unless the controller comes back |
| `validation_script` | the runbook's own look at the result; it can stop a repair, not prove it |
| `symptoms`, `escalate_when` | words of our own messages for the planner, and codes that leave it to a person |
"""
COMMON_TEXT = """\
Every check has these. A site writes them once, below `common`, or for one check below its id.
"""


def reference_pages() -> dict[str, str]:
    """Return the text of each page by file name; the same code and rules give the same bytes."""
    return {
        "finding-codes.md": _codes_page(),
        "policy-keys.md": _keys_page(),
        "runbooks.md": _runbooks_page(),
    }


def _codes_page() -> str:
    parts = [HEAD + CODES_INTRO, "## Every check\n", SHARED_TEXT, _codes_table(SHARED_CODES)]
    for check in CheckId:
        page = f"What is read and in which order: [{check}](checks/{check}.md).\n"
        parts += [f"## {check}\n", page, _codes_table(catalogue_of(check))]
    return "\n".join(parts)


def catalogue_of(check: CheckId) -> Catalogue:
    """Return the finding codes of *check*."""
    return JUDGES[check].catalogue


def _codes_table(catalogue: Catalogue) -> str:
    rows = [
        (f"`{name}`", code.severity.value, code.phrase, f"`{code.runbook}`" if code.runbook else "")
        for name, code in sorted(catalogue.items())
    ]
    return _table(("code", "severity", "meaning", "runbook"), rows)


def _keys_page() -> str:
    own = [key for key in Policy.model_fields if key != NOT_A_POLICY_KEY]
    parts = [HEAD + KEYS_INTRO, "## common\n", COMMON_TEXT, _keys_table(COMMON, Policy, own)]
    for check in CheckId:
        model = JUDGES[check].policy
        names = [name for name in model.model_fields if name not in Policy.model_fields]
        file = f"`rules/policy/{check}.yml`, explained in [{check}](checks/{check}.md).\n"
        parts += [f"## {check}\n", file, _keys_table(check, model, names)]
    return "\n".join(parts)


def _keys_table(section: str, model: type[Policy], names: Sequence[str]) -> str:
    keys = read_policy_keys(RULES / "policy" / f"{section}.yml", names)
    properties = model.model_json_schema()["properties"]
    rows = []
    for name in names:
        if name in model.tables():
            file = RULES / "data" / section / f"{name}.yml"
            link = f"`{file.relative_to(ROOT)}`"
            rows.append((f"`{name}`", "table", link, read_file_comment(file)))
            continue
        key, schema = keys.get(name, PolicyKey()), properties[name]
        meaning = key.comment or schema.get("description", "")
        rows.append((f"`{name}`", allowed_words(schema), _default(key, schema), meaning))
    return _table(("key", "allowed", "default", "meaning and source"), rows)


def _default(key: PolicyKey, schema: Mapping[str, Any]) -> str:
    value = key.value if key.is_set else schema.get("default")
    if value is None:
        return "not set"
    text = value_words(value)
    if len(text) > DEFAULT_LENGTH and isinstance(value, list | dict):
        return f"{len(value)} values, see the file"
    return f"`{text}`"


def _runbooks_page() -> str:
    runbooks = load_runbooks(RULES).values()
    parts = [HEAD + RUNBOOKS_INTRO]
    for check in CheckId:
        rows = [_runbook_row(item) for item in runbooks if item.check_type is check]
        parts += [f"## {check}\n", _table(("runbook", "what it does", "needs", "mends"), rows)]
    return "\n".join(parts)


def _runbook_row(runbook: Runbook) -> tuple[str, ...]:
    needs = {
        "approval": runbook.requires_approval or runbook.is_disruptive,
        "window": runbook.maintenance_window_only or runbook.requires_reboot,
        "restart": runbook.requires_reboot,
    }
    return (
        f"[{runbook.runbook_id}](runbooks/{runbook.runbook_id}.md)",
        runbook.name,
        ", ".join(name for name, is_needed in needs.items() if is_needed),
        ", ".join(f"`{code}`" for code in runbook.repairs),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Rewrite the pages."""
    for name, text in reference_pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
    print(f"docs/reference: {len(reference_pages())} pages")


if __name__ == "__main__":
    main()
