# SPDX-License-Identifier: GPL-3.0-or-later
"""Defender and Security Center of a healthy host."""

from lab.windows.states.clock import Clock
from lab.windows.states.hosts import Host
from lab.windows.states.registry import State

# Properties that Server 2016 (build 14393) does not have.
MISSING_ON_2016 = [
    "DeviceControlDefaultEnforcement",
    "DeviceControlPoliciesLastUpdated",
    "DeviceControlState",
    "SmartAppControlExpiration",
    "SmartAppControlState",
    "TDTCapable",
    "TDTMode",
    "TDTSiloType",
    "TDTStatus",
    "TDTTelemetry",
    "TroubleShootingDailyMaxQuota",
    "TroubleShootingDailyQuotaLeft",
    "TroubleShootingEndTime",
    "TroubleShootingExpirationLeft",
    "TroubleShootingMode",
    "TroubleShootingModeSource",
    "TroubleShootingQuotaResetTime",
    "TroubleShootingStartTime",
    "InitializationProgress",
]
# Properties that came with later Defender platforms.
MISSING_ON_OLD_PLATFORM = [
    "AMRunningMode",
    "IsTamperProtected",
    "IsVirtualMachine",
    "DefenderSignaturesOutOfDate",
    "FullScanOverdue",
    "FullScanRequired",
    "QuickScanOverdue",
    "RebootRequired",
    "QuickScanSignatureVersion",
    "FullScanSignatureVersion",
    "ProductStatus",
]


def defender(host: Host, clock: Clock) -> State:
    """Return Defender on and up to date."""
    return {
        "preference": {
            "DisableArchiveScanning": False,
            "MAPSReporting": 2,
            "SubmitSamplesConsent": 1,
            "PUAProtection": 1,
            "ExclusionPath": None,
            "ExclusionProcess": None,
            "ExclusionExtension": None,
            "SignatureFallbackOrder": "MicrosoftUpdateServer|MMPC",
            "SignatureUpdateInterval": 0,
            "ScanScheduleDay": 0,
            "ScanParameters": 1,
            "CheckForSignaturesBeforeRunningScan": False,
            "ComputerID": "9A3B6B1C-9F1B-4A86-8D32-0F3DD4D5B6B1",
            "DisableRealtimeMonitoring": False,
            "DisableBehaviorMonitoring": False,
            "DisableIOAVProtection": False,
            "DisableScriptScanning": False,
        },
        "status": {
            "AMEngineVersion": "1.1.25090.3000",
            "AMProductVersion": "4.18.25090.3009",
            "AMServiceVersion": "4.18.25090.3009",
            "NISEngineVersion": "1.1.25090.3000",
            "AMRunningMode": "Normal",
            "AntivirusSignatureLastUpdated": clock.at(hours=9),
            "AntivirusSignatureVersion": "1.441.102.0",
            "ComputerID": "9A3B6B1C-9F1B-4A86-8D32-0F3DD4D5B6B1",
            "IsTamperProtected": True,
            # Servers get it by onboarding: services.py has Sense running, keys.py its status.
            "TamperProtectionSource": "Signatures" if host.is_client else "Intune",
            "IsVirtualMachine": not host.is_client,
            "LastQuickScanSource": 2,
            "LastFullScanSource": 0,
            "QuickScanStartTime": clock.at(days=1, hours=2),
            "QuickScanEndTime": clock.at(days=1, hours=1, minutes=50),
            "ProductStatus": 524288,
            "ComputerState": 0,
            "RebootRequired": False,
        },
        "threats": [],
        "detections": [],
        "next_signature_version": "1.441.133.0",
        "update_error": None,
    }


def missing_properties(host: Host) -> State:
    """Return the CIM properties that this version does not have, by class."""
    if not host.is_2016:
        return {"MSFT_MpComputerStatus": []}
    return {
        "MSFT_MpComputerStatus": [*MISSING_ON_2016, "TamperProtectionSource"],
        "MSFT_MpPreference": ["AllowDatagramProcessingOnWinServer"],
    }


def set_old_platform(state: State) -> None:
    """Make Defender's platform that of Server 2016 as installed, never updated."""
    state["cim_missing"]["MSFT_MpComputerStatus"] += MISSING_ON_OLD_PLATFORM
    state["defender"]["status"].update(AMProductVersion="4.10.14393.0")


def security_center() -> State:
    """Return the products that Security Center lists."""
    return {
        "antivirus": [
            {
                "displayName": "Windows Defender",
                "instanceGuid": "{D68DDC3A-831F-4fae-9E44-DA132C1ACF46}",
                "pathToSignedProductExe": "windowsdefender://",
                "pathToSignedReportingExe": "%ProgramFiles%\\Windows Defender\\MsMpeng.exe",
                "productState": 397568,
                "timestamp": "Tue, 04 Nov 2025 00:12:00 GMT",
            }
        ],
        "firewall": [],
    }
