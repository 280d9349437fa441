# SPDX-License-Identifier: GPL-3.0-or-later
# Old scanners and modalities speak nothing but SMB 1. Who is connected now shows in the sessions; who was, in event
# 3000 of the audit log, if that is on. Names of clients stay on the host: their number is enough.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

function Get-AuditedUse {
    try {
        $query = "*[System[EventID=3000 and TimeCreated[timediff(@SystemTime) &lt;= 2592000000]]]"
        $log = 'Microsoft-Windows-SMBServer/Audit'
        $null = Get-WinEvent -ListLog $log -ErrorAction Stop
        $select = "<QueryList><Query Id='0' Path='$log'><Select Path='$log'>$query</Select></Query></QueryList>"
        @(Get-WinEvent -FilterXml $select -MaxEvents 100 -ErrorAction Stop).Count
    }
    catch {
        if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound*' -and $_.FullyQualifiedErrorId -notlike 'NoMatchingLogsFound*') { throw }
        0
    }
}

$isOld = $false
$isUnsigned = $false
$sessions = 0
$audited = 0
$reason = 'met'
if ((Get-HipaaServiceState -Name LanmanServer).state -ne 'Running') { $reason = 'service_down' }
else {
    $server = Get-SmbServerConfiguration -ErrorAction Stop
    $isOld = $Parameter.smb1 -eq 'on' -and $server.EnableSMB1Protocol
    $isUnsigned = $Parameter.signing -eq 'not required' -and -not $server.RequireSecuritySignature
    # Dialects are numbers: 1.5 is NT LM 0.12.
    $sessions = @(Get-SmbSession -ErrorAction Stop | Where-Object { [string]$_.Dialect -like '1.*' }).Count
    if ($isOld) { $audited = Get-AuditedUse }
    if (-not ($isOld -or $isUnsigned)) { $reason = 'already_good' }
    elseif ($isOld -and $sessions + $audited -gt 0 -and -not $Parameter.cut_off_clients) { $reason = 'smb1_in_use' }
}
[ordered]@{
    met = $reason -eq 'met'
    reason = $reason
    observed = [ordered]@{ smb1 = $isOld; unsigned = $isUnsigned; smb1_sessions = $sessions; smb1_audited = $audited }
}
