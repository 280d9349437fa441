# SPDX-License-Identifier: GPL-3.0-or-later
# Until WinRM runs again and has said since the repair began that it is subscribed or connected.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$culture = [System.Globalization.CultureInfo]::InvariantCulture
$since = [datetime]::Parse($Saved['1'].started_at, $culture, [System.Globalization.DateTimeStyles]::RoundtripKind)
$log = 'Microsoft-Windows-Forwarding/Operational'
$query = "<QueryList><Query Id='0' Path='$log'><Select Path='$log'>*[System[EventID=100 or EventID=104]]</Select></Query></QueryList>"
$deadline = (Get-Date).AddSeconds(240)
$isConnected = $false
while (-not $isConnected) {
    if ((Get-Date) -ge $deadline) { throw [System.TimeoutException]::new('The collector is not connected after 240 s.') }
    Start-Sleep -Seconds 10
    if (Test-HipaaTask -Name HipaaRestart-RB-WIN-LOG-004) { continue }
    if ((Get-HipaaServiceState -Name WinRM).state -ne 'Running') { continue }
    try {
        $last = @(Get-WinEvent -FilterXml $query -MaxEvents 1 -ErrorAction Stop)[0]
        $isConnected = $last.TimeCreated.ToUniversalTime() -ge $since.ToUniversalTime()
    }
    catch {
        if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound*') { throw }
    }
}
[ordered]@{ changed = $false; note = 'collector_connected'; saved = [ordered]@{} }
