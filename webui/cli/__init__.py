# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of ``flask --app webui``: one group a file, named in GROUPS."""

import click
from flask import Flask

from webui.cli.evidence import evidence
from webui.cli.healing import healing
from webui.cli.keys import keys
from webui.cli.rules import rules
from webui.cli.store import store

GROUPS: tuple[click.Group, ...] = (evidence, healing, keys, rules, store)


def register_commands(app: Flask) -> None:
    """Give *app* every group of commands."""
    for group in GROUPS:
        app.cli.add_command(group)
