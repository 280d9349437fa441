# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the folder ``rules/`` is, when nobody says it, and which one it is."""

from hashlib import sha256
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


def rules_digest(rules_dir: Path) -> str:
    """Return one SHA-256 (hexadecimal) of *rules_dir*: its YAML and its scripts, names included."""
    digest = sha256()
    for file in sorted([*rules_dir.rglob("*.y*ml"), *rules_dir.rglob("*.ps1")]):
        name = file.relative_to(rules_dir).as_posix().encode()
        content = sha256(file.read_bytes()).hexdigest().encode()
        digest.update(content + b"  " + name + b"\n")
    return digest.hexdigest()
