# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which checks a run makes, from the variable ``checks`` and from the tags on the command line."""

from collections.abc import Callable, Iterable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils.models import CheckId

# What Ansible says when no --tags is given, and when only tagged tasks are wanted.
EVERY_TAG = frozenset({"all", "tagged", "untagged"})


def select_checks(
    checks: str | Iterable[str], run_tags: Iterable[str] = ("all",), skip_tags: Iterable[str] = ()
) -> list[str]:
    """Return the ids of the checks to make, in the order of the product.

    Raises AnsibleFilterError for a name that is no check: a typing error must not shrink a run.
    """
    names = checks.split(",") if isinstance(checks, str) else list(checks)
    asked = {str(name).strip() for name in names}
    known = [check.value for check in CheckId]
    if "all" in asked:
        asked = (asked - {"all"}) | set(known)
    if unknown := sorted(asked - set(known)):
        raise AnsibleFilterError(
            f"checks names {', '.join(unknown)}: no such check. Allowed: all, {', '.join(known)}."
        )
    wanted, unwanted = set(run_tags), set(skip_tags)
    if wanted.isdisjoint(EVERY_TAG):
        asked &= wanted
    return [check for check in known if check in asked and check not in unwanted]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"select_checks": select_checks}
