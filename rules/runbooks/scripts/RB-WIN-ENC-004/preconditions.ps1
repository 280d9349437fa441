# SPDX-License-Identifier: GPL-3.0-or-later
# SQL Server before 2016 speaks TLS 1.2 only with an update (Microsoft, KB 3135244): a person looks first. A restart
# of ours must not install what waits for one, and a node of a cluster is drained before.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$root = 'SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols'
$on = @(foreach ($name in $Parameter.ssl + $Parameter.legacy + $Parameter.by_default) {
        $value = Get-HipaaRegistryState -Path "$root\$name\Server" -Name Enabled
        if (-not $value.exists -or $value.value -ne 0) { $name }
    })
$off = @(foreach ($name in $Parameter.disabled) {
        $value = Get-HipaaRegistryState -Path "$root\$name\Server" -Name Enabled
        if ($value.exists -and $value.value -eq 0) { $name }
    })
$sql = 'SOFTWARE\Microsoft\Microsoft SQL Server'
$old = @(foreach ($instance in @(Get-HipaaRegistryValueName -Path "$sql\Instance Names\SQL")) {
        $id = Get-HipaaRegistryValue -Path "$sql\Instance Names\SQL" -Name $instance -Type string
        $version = [string](Get-HipaaRegistryValue -Path "$sql\$id\Setup" -Name Version -Type string)
        if ($version -match '^([0-9]+)\.' -and [int]$Matches[1] -lt 13) { [int]$Matches[1] }
    })
$reason = 'met'
if ($on.Count + $off.Count -eq 0) { $reason = 'already_good' }
elseif (Test-HipaaRebootPending) { $reason = 'pending_reboot' }
elseif ((Get-HipaaServiceState -Name ClusSvc).state -eq 'Running') { $reason = 'cluster_node' }
elseif ($old.Count -gt 0) { $reason = 'old_sql_server' }
[ordered]@{ met = $reason -eq 'met'; reason = $reason; observed = [ordered]@{ on = $on; off = $off; sql_majors = $old } }
