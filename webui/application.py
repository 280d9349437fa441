# SPDX-License-Identifier: GPL-3.0-or-later
"""The application factory: where settings and parts are put together, and nowhere else."""

from flask import Flask

from webui.cli import register_commands
from webui.logs import scrub_logs
from webui.settings import EXTENSION, Settings, read_settings


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application for *settings*, by default those of the environment.

    Raises SettingsInvalid, which names every variable that is wrong.
    """
    settings = read_settings() if settings is None else settings
    scrub_logs(settings)
    app = Flask("webui", static_folder=None)
    app.extensions[EXTENSION] = settings
    register_commands(app)
    return app
