# state: healthy-2022-member
# SPDX-License-Identifier: GPL-3.0-or-later
# A runspace that the code under test makes for itself sees the same host; one that hangs can be left behind.

function Start-Child([string]$Script) {
    $runspace = [runspacefactory]::CreateRunspace()
    $runspace.Open()
    $shell = [powershell]::Create()
    $shell.Runspace = $runspace
    $null = $shell.AddScript($Script)
    @{ Shell = $shell; Result = $shell.BeginInvoke() }
}

function Complete-Child($Child) {
    $output = $Child.Shell.EndInvoke($Child.Result)
    $Child.Shell.Dispose()
    $output -join ','
}

function Read-Child([string]$Script) {
    Complete-Child (Start-Child $Script)
}

$search = '(New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher().Search("IsInstalled=0").ResultCode'
Check 'COM search' (Read-Child $search) 2
Check 'registry drive' (Read-Child '(Get-ItemProperty "HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion").UBR') 4294
Check 'C: drive' (Read-Child 'Test-Path C:\Windows\System32\config') $true
Check 'CDXML' (Read-Child '(Get-MpComputerStatus).AMRunningMode') 'Normal'
Check 'backup' (Read-Child '(Get-WBSummary).NumberOfVersions') 101
Check 'type literal' (Read-Child '[Environment]::MachineName') 'CLINIC-FS1'
Check 'clock' (Read-Child '(Get-Date).ToString("s")') '2025-11-04T09:00:00'
Check 'full name' ([System.Management.Automation.Runspaces.RunspaceFactory] -eq [runspacefactory]) $true
$withState = [runspacefactory]::CreateRunspace([initialsessionstate]::CreateDefault2())
$withState.Open()
$shell = [powershell]::Create()
$shell.Runspace = $withState
Check 'own session state' ($shell.AddScript($search).Invoke()[0]) 2
$shell.Dispose()
$withState.Dispose()
$pool = [runspacefactory]::CreateRunspacePool(1, 2)
$pool.Open()
$shell = [powershell]::Create()
$shell.RunspacePool = $pool
Check 'pool' ($shell.AddScript($search).Invoke()[0]) 2
$shell.Dispose()
$pool.Dispose()

# A COM call cannot be stopped, on Windows neither: BeginStop and go on.
Edit-LabState {
    param($s)
    $s['faults']['com:Microsoft.Update.AutoUpdate.DetectNow'] = [WindowsLab.Lab]::Parse('{"type":"hang","seconds":300}')
}
$watch = [Diagnostics.Stopwatch]::StartNew()
# One that notes its time: on whichever host is there when it goes on, if it went on.
$hung = Start-Child '(New-Object -ComObject Microsoft.Update.AutoUpdate).DetectNow()'
Check 'hung' $hung.Result.AsyncWaitHandle.WaitOne(200) $false
$null = $hung.Shell.BeginStop($null, $null)
Check 'the caller goes on' ($watch.ElapsedMilliseconds -lt 2000) $true
# A worker goes on to another host meanwhile.
$old = $env:LAB_STATE
[IO.File]::Copy("$env:LAB_STATES/healthy-win11-member.json", "$old.other", $true)
Initialize-WindowsLab -StatePath "$old.other"
Check 'another host' (Read-Child '[Environment]::MachineName') 'CLINIC-PC1'
Check 'its C: drive' (Read-Child '(Get-PSDrive C).Root -like "*.other.c"') $true
Check 'its C: drive here' ((Get-PSDrive C).Root -like '*.other.c') $true
Check 'left behind' $hung.Result.AsyncWaitHandle.WaitOne(10000) $true
Check 'other host untouched' (Get-LabState).com.wua.AutoUpdate.LastSearchSuccessDate '2025-11-04T00:00:00Z'
Initialize-WindowsLab -StatePath $old

# CIM cmdlets stop when they are told to.
Edit-LabState {
    param($s)
    $s['faults']['cim:root/cimv2:Win32_BIOS'] = [WindowsLab.Lab]::Parse('{"type":"hang","seconds":30000}')
}
$watch.Restart()
$hung = Start-Child 'Get-CimInstance Win32_BIOS'
Check 'CIM hung' $hung.Result.AsyncWaitHandle.WaitOne(200) $false
$hung.Shell.Stop()
Check 'CIM stopped' ($watch.ElapsedMilliseconds -lt 5000) $true
Check 'state' $hung.Shell.InvocationStateInfo.State 'Stopped'

Edit-LabState {
    param($s)
    $s['faults']['cim:root/Microsoft/Windows/Defender:MSFT_MpComputerStatus'] =
        [WindowsLab.Lab]::Parse('{"type":"hang","seconds":30000}')
}
$watch.Restart()
$hung = Start-Child 'Get-MpComputerStatus'
Check 'command hung' $hung.Result.AsyncWaitHandle.WaitOne(200) $false
$hung.Shell.Stop()
Check 'command stopped' ($watch.ElapsedMilliseconds -lt 5000) $true
