# SPDX-License-Identifier: GPL-3.0-or-later
"""MpCmdRun.exe."""

from datetime import timedelta

from .invocation import A, L, S, out, unsupported
from .winlab import edit, iso, now


def mpcmdrun() -> int:
    if S["services"].get("WinDefend", {}).get("State") != "Running":
        out(
            "CmdTool: Failed with hr = 0x800106BA. Check C:\\Windows\\TEMP\\MpCmdRun.log for more information"
        )
        return 2
    if L[:1] == ["-signatureupdate"]:
        e = S["defender"].get("update_error")
        with edit("MpCmdRun", A) as s:
            if not e:
                st = s["defender"]["status"]
                for k in (
                    "DefenderSignaturesOutOfDate",
                    "AntivirusSignatureAge",
                    "AntispywareSignatureAge",
                    "NISSignatureAge",
                ):
                    st.pop(k, None)
                st.update(
                    AntivirusSignatureLastUpdated=iso(now(s) - timedelta(hours=1)),
                    AntivirusSignatureVersion=s["defender"]["next_signature_version"],
                    ProductStatus=st.get("ProductStatus", 524288) & ~96,
                )
                if engine := s["defender"].get("next_engine_version"):
                    st["AMEngineVersion"] = engine
        out(f"Signature update failed with hr={e:#010x}" if e else "Signature update finished.")
        return 2 if e else 0
    if L[:1] == ["-removedefinitions"]:
        with edit("MpCmdRun", A) as s:
            if "-dynamicsignatures" not in L:
                s["defender"]["status"]["AntivirusSignatureVersion"] = "0.0.0.0"
        return 0
    if L[:2] == ["-scan", "-scantype"]:
        with edit("MpCmdRun", A):
            pass
        return 0
    return unsupported()
