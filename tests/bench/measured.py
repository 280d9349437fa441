# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-playbook in this process and write down what it cost.

python -m bench.measured REPORT ARGUMENT...     the exit code is that of the playbook
"""

import json
import resource
import sys
from pathlib import Path

from ansible.cli.playbook import main as ansible_playbook  # type: ignore[import-untyped]  # no types

RUNSTATE = "ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.evidence.runstate"


def main() -> int:
    """Run the playbook and write the report, whatever its outcome."""
    report, *arguments = sys.argv[1:]
    exit_code: int | str | None = 0
    try:
        ansible_playbook(["ansible-playbook", *arguments])
    except SystemExit as end:
        exit_code = end.code
    # The workers are children that Ansible has waited for; memory is that of this process alone.
    own = resource.getrusage(resource.RUSAGE_SELF)
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = {
        "controller_cpu_seconds": own.ru_utime + own.ru_stime,
        "worker_cpu_seconds": workers.ru_utime + workers.ru_stime,
        "max_rss_kib": own.ru_maxrss,
        **_callback_cost(),
    }
    Path(report).write_text(json.dumps(cost), encoding="utf-8")
    return exit_code if isinstance(exit_code, int) else 1


def _callback_cost() -> dict[str, float]:
    module = sys.modules.get(RUNSTATE)
    state = module.current() if module else None
    if state is None:
        return {}
    cost = state.cost
    return {
        "callback_results": cost.results,
        "callback_seconds": cost.spent_seconds,
        "callback_max_seconds": cost.max_seconds,
    }


if __name__ == "__main__":
    sys.exit(main())
