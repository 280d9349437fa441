# SPDX-License-Identifier: GPL-3.0-or-later
"""What one lab server has done: the figures of benchmarks and of tests about round trips."""

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stats:
    """Counts since the server was made; CPU is that of the whole process."""

    connections: int = 0
    requests: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    operations: Counter[str] = field(default_factory=Counter)  # "Create", "Send", ...
    _cpu_at_start: float = field(default_factory=time.process_time, repr=False)

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of this process since the server was made, user and system."""
        return time.process_time() - self._cpu_at_start
