# SPDX-License-Identifier: GPL-3.0-or-later
"""How a command fails: one red line that says what to do, an exit code, and never a traceback.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage or wrong settings.
"""

from typing import IO, Any

import click
from flask.cli import AppGroup

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.errors import ComplianceError


class CommandFailed(click.ClickException):
    """An error on its way to the terminal; *code* is the stable one of its class."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the one line; click leaves the colour out where it is not a terminal."""
        click.secho(f"Error: {self.code}: {self.message}", file=file, err=True, fg="red")


class ComplianceGroup(AppGroup):
    """A group whose commands may raise a ComplianceError, or what the operating system refuses."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ComplianceError as error:
            raise CommandFailed(error.code, str(error)) from error
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise CommandFailed("system", f"{where}{error.strerror}") from error
