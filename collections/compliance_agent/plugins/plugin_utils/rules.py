# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the folder ``rules/`` is, when nobody says it."""

from pathlib import Path

from .errors import PolicyInvalid


def default_rules_dir() -> Path:
    """Return ``rules/`` of the checkout that this file belongs to.

    Raises PolicyInvalid for a collection that was installed without its repository: then the
    variable compliance_rules_dir, or the task argument rules_dir, names the folder.
    """
    for folder in Path(__file__).resolve().parents:
        if (folder / "rules" / "policy" / "common.yml").is_file():
            return folder / "rules"
    remedy = "Set compliance_rules_dir to the folder rules/ of the product."
    raise PolicyInvalid("no folder rules/ above the collection", remedy=remedy)
