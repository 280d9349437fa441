# SPDX-License-Identifier: GPL-3.0-or-later
# Judges what Windows enforces (ActiveStore): the local store says nothing where a policy overrides it.
# The service writes no log into a folder that is not there, and tells nobody.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$reason = 'met'
$wrong = @()
if ((Get-HipaaServiceState -Name MpsSvc).state -ne 'Running') { $reason = 'service_down' }
else {
    $isOwned = $false
    $hasFolder = $true
    $wrong = @(foreach ($item in Get-HipaaFirewallProfile) {
            $names = @(
                if ($item.log_blocked -ne 1) { 'Logging\LogDroppedPackets' }
                if ($item.log_max_kb -lt $Parameter.log_max_kb) { 'Logging\LogFileSize' }
            )
            if ($names.Count -eq 0) { continue }
            foreach ($name in $names) {
                if (Test-HipaaFirewallOwned -ProfileName $item.name -Name $name) { $isOwned = $true }
            }
            $file = [System.Environment]::ExpandEnvironmentVariables($item.log_file)
            $folder = $file.Substring(0, [Math]::Max(0, $file.LastIndexOf('\')))
            if (-not [System.IO.Directory]::Exists($folder)) { $hasFolder = $false }
            $item.name
        })
    if ($wrong.Count -eq 0) { $reason = 'already_good' }
    elseif ($isOwned) { $reason = 'gpo_managed' }
    elseif (-not $hasFolder) { $reason = 'log_folder_missing' }
}
[ordered]@{ met = $reason -eq 'met'; reason = $reason; observed = [ordered]@{ profiles = $wrong } }
