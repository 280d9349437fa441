# SPDX-License-Identifier: GPL-3.0-or-later
"""The state document of a healthy host, put together from its parts."""

from lab.windows.states.baseline.backup import agent_log, backup, backup_log, vss_writers
from lab.windows.states.baseline.cim import cim_instances
from lab.windows.states.baseline.defender import defender, missing_properties, security_center
from lab.windows.states.baseline.event_logs import event_logs
from lab.windows.states.baseline.keys import registry_keys
from lab.windows.states.baseline.network import firewall_rules, network, smb
from lab.windows.states.baseline.services import services
from lab.windows.states.baseline.system import (
    audit_policy,
    clock_entry,
    com_objects,
    disks,
    features,
    local_groups,
    operating_system,
    tasks,
    token,
    tpm,
)
from lab.windows.states.baseline.volumes import volumes
from lab.windows.states.clock import Clock
from lab.windows.states.hosts import Host
from lab.windows.states.registry import State


def baseline(host: Host, clock: Clock) -> State:
    """Return the state document of *host*, healthy in every check."""
    logs = event_logs(host, clock)
    if host.is_client:
        logs["Veeam Agent"] = agent_log(clock)
    else:
        logs["Microsoft-Windows-Backup"] = backup_log(host, clock)
    return {
        "schema": 1,
        "host": f"{host.kind}-{host.role}",
        "locale": "en-US",
        "clock": clock_entry(clock),
        "os": operating_system(host),
        "token": token(host),
        "registry": registry_keys(host, clock),
        "registry_acl": {},
        "services": services(host),
        "features": features(host),
        "cim": cim_instances(host, clock),
        "cim_missing": missing_properties(host),
        "defender": defender(host, clock),
        "security_center": security_center(),
        "firewall": {"rules": {"PersistentStore": firewall_rules(), "GroupPolicy": []}},
        "network": network(host),
        "volumes": volumes(host, clock),
        "disks": disks(),
        "tpm": tpm(),
        "secure_boot": "on",
        "smb": smb(host),
        "eventlogs": logs,
        "audit": audit_policy(),
        "backup": None if host.is_client else backup(host, clock),
        "vss_writers": vss_writers(host),
        "com": com_objects(clock),
        "tasks": tasks(),
        "local_groups": local_groups(host),
        "gpo": {
            "refresh_minutes": 5 if host.is_dc else 120,
            "last_refresh": clock.at(minutes=30),
            "registry": {},
            "audit": {},
            "services": {},
        },
        "reboot": {"phase": "up", "last_boot_utc": clock.at(days=15, hours=6), "down_minutes": 4},
        "faults": {},
        "log": [],
        "audit_trail": [],
    }
