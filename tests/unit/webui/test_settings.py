# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment is read once, wrong settings are all named at once, and a secret never is."""

from pathlib import Path

import pytest

from webui import create_app
from webui.settings import EXTENSION, Settings, SettingsInvalid, read_settings


def test_an_empty_environment_means_the_defaults(monkeypatch):
    monkeypatch.setenv("HOME", "/home/operator")

    settings = read_settings({})

    assert settings.evidence_dir == Path("evidence")
    assert (settings.site_id, settings.database_url) == (None, None)
    assert settings.key_file("clinic-001") == Path(
        "/home/operator/.config/hipaa-compliance-agent/clinic-001.key"
    )


def test_every_setting_is_taken_from_its_variable(monkeypatch):
    monkeypatch.setenv("HOME", "/home/operator")

    settings = read_settings(
        {
            "HIPAA_EVIDENCE_DIR": "/srv/evidence",
            "HIPAA_SITE_ID": "clinic-001",
            "HIPAA_SIGNING_KEY_FILE": "~/site.key",
            "HIPAA_PSEUDONYM_KEY_FILE": "/srv/site.pseudonyms",
            "HIPAA_DATABASE_URL": "sqlite:////srv/index.sqlite3",
        }
    )

    assert settings.evidence_dir == Path("/srv/evidence")
    assert settings.site_id == "clinic-001"
    assert settings.key_file("clinic-001") == Path("/home/operator/site.key")
    assert settings.pseudonym_key_file == Path("/srv/site.pseudonyms")
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "sqlite:////srv/index.sqlite3"


def test_an_empty_variable_counts_as_unset():
    assert read_settings({"HIPAA_SITE_ID": "", "HIPAA_DATABASE_URL": ""}) == read_settings({})


def test_all_problems_are_named_at_once():
    with pytest.raises(SettingsInvalid) as caught:
        read_settings({"HIPAA_SITE_ID": "../other", "HIPAA_DATABASE_URL": "mysql://localhost/x"})

    assert "HIPAA_SITE_ID: site_id is no safe name; got '../other'" in str(caught.value)
    assert "HIPAA_DATABASE_URL: must start with sqlite:// or postgresql+psycopg://" in str(
        caught.value
    )


@pytest.mark.parametrize("scheme", ["mysql", "postgresql+psycopg"])
def test_the_password_of_a_database_is_never_shown(scheme):
    variables = {
        "HIPAA_SITE_ID": "../other",
        "HIPAA_DATABASE_URL": f"{scheme}://agent:fictional-secret@localhost/index",
    }

    with pytest.raises(SettingsInvalid) as caught:
        read_settings(variables)

    assert "fictional-secret" not in str(caught.value)
    assert "fictional-secret" not in repr(
        Settings(database_url="postgresql+psycopg://agent:fictional-secret@localhost/index")
    )


def test_settings_do_not_change_while_the_program_runs():
    with pytest.raises(ValueError, match="frozen"):
        read_settings({}).site_id = "clinic-002"


def test_an_application_answers_no_address():
    app = create_app(Settings(evidence_dir=Path("/srv/evidence")))

    assert [rule.rule for rule in app.url_map.iter_rules()] == []
    assert app.extensions[EXTENSION].evidence_dir == Path("/srv/evidence")
