# SPDX-License-Identifier: GPL-3.0-or-later
# Every service that ran before runs again. After a crash nothing was noted: what starts by itself should run.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$names = @(if ($Saved.Contains('1')) {
        foreach ($service in @($Saved['1'].services)) {
            if ($service.state -eq 'Running') { $service.name }
            $service.dependents
        }
    }
    else {
        Get-HipaaService -Name CryptSvc, SQLWriter, AppHostSvc |
            Where-Object { $_.exists -and $_.start_mode -eq 'Auto' } |
            ForEach-Object { $_.name }
    })
$changed = $false
foreach ($name in $names) { $changed = (Start-HipaaService -Name $name) -or $changed }
[ordered]@{ changed = $changed; note = 'services_run'; saved = [ordered]@{} }
