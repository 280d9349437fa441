# SPDX-License-Identifier: GPL-3.0-or-later
"""Fact documents for the tests of judges: what a healthy host sends, and how to take facts away."""

import copy
from datetime import UTC, datetime
from typing import Any

from ansible_collections.hipaa.compliance_agent.plugins.plugin_utils.facts.probe import (
    FactDocument,
    parse_document,
)

NOW = datetime(2025, 11, 4, 9, 0, tzinfo=UTC)
OPERATING_SYSTEM = {
    "product_type": 3,
    "build": 20348,
    "ubr": 4294,
    "display_version": "21H2",
    "edition_id": "ServerStandard",
    "installation_type": "Server",
    "last_boot_at": "2025-10-20T03:00:00Z",
}
COMPUTER = {
    "part_of_domain": True,
    "domain_role": 3,
    "is_virtual": False,
    "is_portable": False,
    "is_cluster_node": False,
    "entra_joined": False,
    "mdm_enrolled": False,
}
TOKEN = {"integrity": "high", "logon_type": "network", "is_system": False}
PROCESS = {"is_64bit_process": True, "is_64bit_os": True, "language_mode": "FullLanguage"}


def probe(value: Any = None, *, state: str = "ok", hresult: str | None = None) -> dict[str, Any]:
    return {"state": state, "hresult": hresult, "source": "test", "elapsed_ms": 1, "value": value}


def list_of(*items: Any) -> dict[str, Any]:
    return {"count": len(items), "items": list(items)}


def document(
    check: str,
    probes: dict[str, Any],
    *,
    os: dict[str, Any] | None = None,
    computer: dict[str, Any] | None = None,
    token: dict[str, Any] | None = None,
    process: dict[str, Any] | None = None,
) -> FactDocument:
    """Return a document of one check; the host's parts can be changed key by key."""
    return parse_document(
        {
            "schema_version": 1,
            "collected_at": "2025-11-04T09:00:00Z",
            "host": {
                "os": probe(OPERATING_SYSTEM | (os or {})),
                "computer": probe(COMPUTER | (computer or {})),
                "token": probe(TOKEN | (token or {})),
                "process": probe(PROCESS | (process or {})),
            },
            "checks": {check: probes},
        }
    )


def leaf_paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every fact: each probe, each key of its value, each item of a list."""
    if path and path[-1] in {"hresult", "source", "elapsed_ms", "count", "state"}:
        return []
    paths = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            paths += leaf_paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            paths += leaf_paths(inner, (*path, index))
    return paths


def without(probes: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """Return *probes* without the fact at *path*."""
    remaining = copy.deepcopy(probes)
    parent: Any = remaining
    for key in path[:-1]:
        parent = parent[key]
    del parent[path[-1]]
    return remaining
