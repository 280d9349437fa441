# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The av_edr check alone; see check_all."""

from .check_all import ActionModule as CheckAction


class ActionModule(CheckAction):
    CHECKS = ("av_edr",)
    _VALID_ARGS = frozenset({"policy", "rules_dir", "fail_on"})
