# SPDX-License-Identifier: GPL-3.0-or-later
"""Specifies how one script of a runbook is run, and what is told of how it went."""

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("scripts")]
HEAD = (
    "param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)\n"
)
ADDS = "[ordered]@{ sum = $Parameter.list[0] + $Saved['1'].number }"
SCRIPTS = {
    name: {"phase": "step", "script": HEAD + body, **more}
    for name, body, more in (
        (
            "told",
            ADDS,
            {"parameters": {"list": [1, 2]}, "saved": {"1": {"number": 40}}},
        ),
        ("silent", "$null = 1", {}),
        ("talks twice", "[ordered]@{ a = 1 }; [ordered]@{ a = 2 }", {}),
        ("text", "'done'", {}),
        ("endless", "while ($true) { Start-Sleep -Milliseconds 100 }", {"timeout_seconds": 1}),
        ("misspelt", "\n[ordered]@{ a = $nowhere }", {}),
        ("in a module", "Invoke-HipaaTool -Name nowhere.exe -ArgumentList x; [ordered]@{}", {}),
        ("checked step", "throw 'was run'", {"_ansible_check_mode": True}),
        (
            "checked precondition",
            "[ordered]@{ met = $true }",
            {"_ansible_check_mode": True, "phase": "precondition"},
        ),
    )
}


@pytest.fixture(scope="module")
def told(run_scripts):
    """Return name -> what the module says of the script; None when it says nothing."""
    return {name: reply.get("runbook_script") for name, reply in run_scripts(SCRIPTS).items()}


def test_parameters_and_what_was_saved_are_handed_over_as_data(told):
    assert told["told"]["state"] == "ok"
    assert told["told"]["output"] == {"sum": 41}


@pytest.mark.parametrize("case", ["silent", "talks twice", "text"])
def test_a_script_that_does_not_answer_with_one_dictionary_has_failed(told, case):
    assert (told[case]["state"], told[case]["error_id"]) == ("error", "NoResult")
    assert told[case]["output"] is None


def test_a_script_that_is_out_of_time_is_told_so(told):
    assert (told["endless"]["state"], told["endless"]["hresult"]) == ("timeout", "0x80131505")


def test_an_error_is_told_by_its_id_and_line(told):
    assert told["misspelt"]["state"] == "error"
    assert told["misspelt"]["error_id"] == "VariableIsUndefined"
    assert told["misspelt"]["error_line"] == 3


def test_an_error_inside_a_shared_function_ends_the_script(told):
    assert told["in a module"]["state"] == "error"


def test_check_mode_runs_what_reads_and_nothing_that_changes(told):
    assert told["checked step"] is None
    assert told["checked precondition"]["output"] == {"met": True}
