# SPDX-License-Identifier: GPL-3.0-or-later
# 100 subscribed, 104 connected; 102 subscription failed, 105 collector out of reach. With 2150859027 the collector
# lacks a right to its own address, since it is split into services: nothing here mends that.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

function Get-LastEvent([int[]]$Id) {
    $log = 'Microsoft-Windows-Forwarding/Operational'
    $condition = @($Id | ForEach-Object { "EventID=$_" }) -join ' or '
    try {
        $query = "<QueryList><Query Id='0' Path='$log'><Select Path='$log'>*[System[$condition]]</Select></Query></QueryList>"
        @(Get-WinEvent -FilterXml $query -MaxEvents 1 -ErrorAction Stop)[0]
    }
    catch {
        if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound*') { throw }
    }
}

$managers = @(Get-HipaaRegistryValueName -Path 'SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager')
$isController = [int]@(Get-HipaaCimInstance -ClassName Win32_OperatingSystem)[0].ProductType -eq 2
$isReader = $isController
$isBroken = $false
$code = $null
$reason = 'met'
if ((Get-HipaaServiceState -Name EventLog).state -ne 'Running') { $reason = 'service_down' }
elseif ($managers.Count -eq 0) { $reason = 'not_forwarding' }
elseif ((Get-HipaaServiceState -Name Schedule).state -ne 'Running') { $reason = 'scheduler_down' }
else {
    # A domain controller has no local groups: its readers are those of the domain.
    if (-not $isController) {
        $descriptor = [string](Get-WinEvent -ListLog Security -ErrorAction Stop).SecurityDescriptor
        $isReader = $descriptor -match ';;;(NS|S-1-5-20)\)' -or
        @(Get-LocalGroupMember -SID S-1-5-32-573 -ErrorAction Stop | Where-Object { [string]$_.SID -eq 'S-1-5-20' }).Count -gt 0
    }
    $success = Get-LastEvent 100, 104
    $failure = Get-LastEvent 102, 105
    if ($null -ne $failure) {
        $isBroken = $null -eq $success -or $failure.TimeCreated -gt $success.TimeCreated
        $document = [System.Xml.XmlDocument]::new()
        $document.LoadXml($failure.ToXml())
        $node = $document.SelectSingleNode("//*[local-name()='Data' and @Name='ErrorCode']")
        if ($null -ne $node) { $code = [string]$node.InnerText }
    }
    if ($isReader -and -not $isBroken) { $reason = 'already_good' }
    elseif ($isBroken -and $code -eq '2150859027') { $reason = 'collector_fault' }
}
[ordered]@{
    met = $reason -eq 'met'
    reason = $reason
    observed = [ordered]@{ is_reader = $isReader; is_broken = $isBroken; error_code = $code }
}
