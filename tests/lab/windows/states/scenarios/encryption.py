# SPDX-License-Identifier: GPL-3.0-or-later
"""Encryption: volumes, TPM, TLS and SMB."""

from lab.windows.states.clock import Clock
from lab.windows.states.registry import SCHANNEL, SYSTEM, State, dword
from lab.windows.states.scenarios.edits import add_records


def encryption(state: State, patch: State, clock: Clock) -> None:
    """Apply the patch of one scenario line."""
    r = state["registry"]
    if patch.get("volumes"):
        base = {v["DriveLetter"]: v for v in state["volumes"]}
        letters = [v["DriveLetter"] for v in patch["volumes"]]
        state["volumes"] = [
            v for v in state["volumes"] if v["DriveLetter"] in letters or "D:" not in letters
        ]
        for v in patch["volumes"]:
            b = base[v["DriveLetter"]]["bitlocker"]
            prot = v.get("protectors")
            for k in ("ProtectionStatus", "ConversionStatus", "EncryptionMethod"):
                if v.get(k) is not None:
                    b[k] = v[k]
            if v.get("ConversionStatus") == 0:
                b.update(
                    PersistentVolumeID="",
                    EncryptionPercentage=0,
                    EncryptionFlags=0,
                    IsVolumeInitializedForProtection=False,
                    AutoUnlock=False,
                    escrow=[],
                )
            if prot is not None:
                b["protectors"] = [
                    next(
                        (dict(x) for x in b["protectors"] if x["type"] == q["type"]),
                        {"id": f"{{00000000-0000-4000-8000-{i:012X}}}", "type": q["type"]},
                    )
                    for i, q in enumerate(prot)
                ]
            if "SuspendCount" in v:
                b["SuspendCount"] = v["SuspendCount"]
            live = dict(v.get("live", {}))
            rv = live.pop("ReturnValue", None)
            b.update(live)
            if b.get("LockStatus") == 1:
                b.update(ConversionStatus=1)
            if rv is not None:
                b["return_values"] = {"GetConversionStatus": rv, "GetEncryptionMethod": rv}
    if "suspended_since" in patch:
        add_records(
            state,
            [
                {
                    "LogName": "Microsoft-Windows-BitLocker/BitLocker Management",
                    "ProviderName": "Microsoft-Windows-BitLocker-API",
                    "Id": 773,
                    "Level": 4,
                    "TimeCreated": patch["suspended_since"],
                    "Data": {"VolumeMountPoint": "C:"},
                }
            ],
            clock,
        )
    if "feature" in patch:
        state["features"]["BitLocker"]["InstallState"] = patch["feature"]["BitLocker"]
    if "tpm" in patch and patch["tpm"] is None:
        state["tpm"] = None
        state["services"].pop("TPM", None)
    if "schannel" in patch:
        for k, v in patch["schannel"].items():
            if v is None:
                r.pop(SCHANNEL + k, None)
    if "smb" in patch:
        state["smb"]["server"].update(patch["smb"])
        r[SYSTEM + "Services\\LanmanServer\\Parameters"]["SMB1"] = dword(
            int(patch["smb"].get("EnableSMB1Protocol", False))
        )
        state["features"]["SMB1Protocol"]["InstallState"] = 1
