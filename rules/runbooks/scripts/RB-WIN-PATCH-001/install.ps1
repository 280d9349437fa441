# SPDX-License-Identifier: GPL-3.0-or-later
# A servicing stack comes first and offers the rest after it: up to three passes, and one restart at the end.
# The controller makes that one; an update that fails does not keep the others from being finished by it.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

# Somebody may have logged on since the preconditions.
$obstacle = Get-HipaaRestartObstacle
if ($obstacle) { throw [System.InvalidOperationException]::new($obstacle) }
$query = @{ Online = $false; CategoryId = $Parameter.category_ids; ExceptId = $Parameter.except_category_ids }
$session = New-Object -ComObject Microsoft.Update.Session
$installed = @()
$failed = @()
for ($pass = 1; $pass -le 3; $pass++) {
    $tried = @($failed | ForEach-Object { $_.update_id }) + $installed
    $updates = @((Get-HipaaOfferedUpdate @query).updates | Where-Object { $tried -notcontains [string]$_.Identity.UpdateID })
    if ($updates.Count -eq 0) { break }
    $wanted = New-Object -ComObject Microsoft.Update.UpdateColl
    foreach ($update in $updates) { [void]$wanted.Add($update) }
    if ($pass -gt 1) {
        $downloader = $session.CreateUpdateDownloader()
        $downloader.Updates = $wanted
        [void]$downloader.Download()
    }
    $installer = $session.CreateUpdateInstaller()
    # The agent installs nothing while a restart waits.
    if ($installer.RebootRequiredBeforeInstallation) { break }
    $installer.Updates = $wanted
    $result = $installer.Install()
    for ($index = 0; $index -lt $wanted.Count; $index++) {
        $id = [string]$wanted.Item($index).Identity.UpdateID
        $one = $result.GetUpdateResult($index)
        if ($one.ResultCode -in 2, 3) { $installed += $id }
        else { $failed += [ordered]@{ update_id = $id; hresult = '0x{0:X8}' -f ([long]$one.HResult -band 0xFFFFFFFFL) } }
    }
    if ($result.RebootRequired) { break }
}
$signs = @(Get-HipaaRebootSign)
# After a crash of the controller the updates may be in place and wait for their restart.
if ($installed.Count -eq 0 -and $signs.Count -eq 0) {
    if ($failed.Count -eq 0) { throw [System.InvalidOperationException]::new('Nothing is offered any more.') }
    $number = [System.Convert]::ToInt32($failed[0].hresult, 16)
    throw [System.Runtime.InteropServices.COMException]::new('No update could be installed.', $number)
}
[ordered]@{
    changed = $true
    note = if ($failed.Count -gt 0) { 'some_failed' } elseif ($installed.Count -eq 0) { 'restart_awaited' } else { 'installed' }
    saved = [ordered]@{ installed = $installed; failed = $failed; reboot = $signs }
}
