# SPDX-License-Identifier: GPL-3.0-or-later
# A group policy sets start modes without a trace on the host: it shows when policies are applied again.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$computer = @(Get-HipaaCimInstance -ClassName Win32_ComputerSystem)[0]
$note = 'no_domain'
if ($computer.PartOfDomain) {
    $answer = Invoke-HipaaNative -Name gpupdate.exe -ArgumentList '/target:computer /wait:120' -TimeoutSeconds 150
    # Without a domain controller in reach nothing is applied, and nothing is taken back today.
    $note = if ($answer.exit_code -eq 0) { 'policy_applied' } else { 'policy_not_applied' }
}
$found = Get-HipaaUpdateObstacle
if ($found.values.Count -gt 0 -or $found.services.Count -gt 0) {
    throw [System.InvalidOperationException]::new('A group policy has taken the settings back.')
}
[ordered]@{ changed = $false; note = $note; saved = [ordered]@{} }
