# SPDX-License-Identifier: GPL-3.0-or-later
"""What the environment says, read once at the start and frozen.

An empty variable counts as unset, as it does for the callback of a run. A secret is named by the
path of its file; only the database URL may hold one, and is therefore never shown.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from flask import current_app
from flask.cli import NoAppException
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import ComplianceError
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.keys import (
    default_key_file,
)
from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.site import (
    NameInvalid,
    refuse_unsafe_name,
)

EXTENSION = "hipaa_settings"
DATABASES = ("sqlite://", "postgresql+psycopg://")


class SettingsInvalid(ComplianceError, NoAppException):
    """The environment is not what the program can start with; every problem is named at once.

    Flask prints one as a red line: to it, this is an application that cannot be loaded.
    """

    code = "settings_invalid"


def _safe_site(name: str) -> str:
    try:
        return refuse_unsafe_name("site_id", name)
    except NameInvalid as error:
        raise ValueError(str(error)) from error


def _known_database(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(DATABASES):
        raise ValueError(f"must start with {' or '.join(DATABASES)}")
    return url


UserPath = Annotated[Path, AfterValidator(Path.expanduser)]


class Settings(BaseModel):
    """The settings of the program; a relative path starts at the working directory.

    ``site_id`` is the site that commands are for unless they name one. Without
    ``signing_key_file`` each site has the file of its own that ``key_file`` returns.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    evidence_dir: UserPath = Field(Path("evidence"), alias="HIPAA_EVIDENCE_DIR")
    site_id: Annotated[str, AfterValidator(_safe_site)] | None = Field(None, alias="HIPAA_SITE_ID")
    signing_key_file: UserPath | None = Field(None, alias="HIPAA_SIGNING_KEY_FILE")
    pseudonym_key_file: UserPath | None = Field(None, alias="HIPAA_PSEUDONYM_KEY_FILE")
    database_url: Annotated[SecretStr, AfterValidator(_known_database)] | None = Field(
        None, alias="HIPAA_DATABASE_URL"
    )

    def key_file(self, site_id: str) -> Path:
        """Return where the private key of *site_id* lies."""
        return self.signing_key_file or default_key_file(site_id)


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of *environment*, by default that of this process.

    Raises SettingsInvalid.
    """
    variables = os.environ if environment is None else environment
    names = {str(field.alias) for field in Settings.model_fields.values()}
    given = {name: variables[name] for name in sorted(names) if variables.get(name)}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        problems = [
            f"{item['loc'][0]}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsInvalid(
            "the settings in the environment cannot be used",
            value=problems,
            remedy="Mend these variables, or unset them.",
        ) from None  # pydantic's own text quotes the values


def current_settings() -> Settings:
    """Return the settings of the application that is running a command or answering."""
    settings = current_app.extensions[EXTENSION]
    if not isinstance(settings, Settings):
        raise TypeError(f"no settings of ours: {type(settings).__name__}")
    return settings
