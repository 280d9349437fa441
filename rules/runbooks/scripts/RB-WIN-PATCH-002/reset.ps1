# SPDX-License-Identifier: GPL-3.0-or-later
# A new database mends no network: those errors end the runbook. It costs the list of past updates, so the old
# one is kept beside it, and a second one within a day is not made.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$search = $Saved['3'].search
if ($search.succeeded -and -not $search.hresult) { return [ordered]@{ changed = $false; note = 'not_needed'; saved = [ordered]@{} } }
$code = [string]$search.hresult
# The talk with the server (WU_E_PT_), WinINet and WinHTTP; of a search with errors, what it could not reach.
if ($code -match '^0x(80244|80072E|80072F|80240438)') {
    $number = [System.Convert]::ToInt32($code, 16)
    throw [System.Runtime.InteropServices.COMException]::new('The source of updates cannot be reached.', $number)
}
$folder = Join-Path -Path $env:SystemRoot -ChildPath 'SoftwareDistribution'
$now = (Get-Date).ToUniversalTime()
$culture = [System.Globalization.CultureInfo]::InvariantCulture
$recent = $now.AddDays(-1).ToString('yyyyMMddHHmmss', $culture)
# One that was put back again has left the other behind, under a name that ends alike.
$kept = @(Get-ChildItem -LiteralPath $env:SystemRoot -Directory -Filter 'SoftwareDistribution.hipaa-*' |
        Where-Object { $_.Name -match '-(?<at>\d{14})$' -and [string]::CompareOrdinal($Matches.at, $recent) -gt 0 })
if ($kept.Count -gt 0) {
    return [ordered]@{ changed = $false; note = 'set_aside_already'; saved = [ordered]@{ aside = $kept[0].Name } }
}
foreach ($name in 'wuauserv', 'BITS') {
    if ((Get-HipaaService -Name $name).state -eq 'Stopped') { continue }
    Stop-Service -Name $name -Force -ErrorAction Stop
    Wait-HipaaServiceState -Name $name -State Stopped -TimeoutSeconds 120
}
Rename-Item -LiteralPath $folder -NewName $Saved['1'].aside -ErrorAction Stop
foreach ($name in $Saved['1'].running) { [void](Start-HipaaService -Name $name) }
[ordered]@{ changed = $true; note = 'set_aside'; saved = [ordered]@{ aside = $Saved['1'].aside } }
