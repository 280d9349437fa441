# state: patching-U5
# SPDX-License-Identifier: GPL-3.0-or-later

Check 'searcher denied' (Fault {
    (New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher()
}).Exception.HResult (-2147024891)
$id = [Security.Principal.WindowsIdentity]::GetCurrent()
Check 'network group' ($id.Groups.Value -contains 'S-1-5-2') $true
Check 'high integrity' ($id.Groups.Value -contains 'S-1-16-12288') $true
Check 'not system' $id.IsSystem $false
Check 'is admin' ([Security.Principal.WindowsPrincipal]::new($id).IsInRole('Administrator')) $true
$env:LAB_TOKEN = 'system'
Check 'system' ([Security.Principal.WindowsIdentity]::GetCurrent().User.Value) 'S-1-5-18'
Check 'searcher allowed' ((New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher().Search(
    'IsInstalled=0'
).ResultCode) 2
Check 'system integrity' ([Security.Principal.WindowsIdentity]::GetCurrent().Groups.Value -join ',') (
    'S-1-1-0,S-1-5-32-544,S-1-5-11,S-1-16-16384'
)
foreach ($row in @(@('batch', 'S-1-5-3'), @('interactive', 'S-1-5-4'), @('network', 'S-1-5-2'))) {
    $env:LAB_TOKEN = $row[0]
    Check "logon type $($row[0])" (@([Security.Principal.WindowsIdentity]::GetCurrent().Groups |
        ForEach-Object { $_.Value } |
        Where-Object { $_ -in 'S-1-5-2', 'S-1-5-3', 'S-1-5-4' }) -join ',') $row[1]
}
Remove-Item Env:LAB_TOKEN
foreach ($row in @(
    @('medium', 'S-1-16-8192'), @('system', 'S-1-16-16384'), @('high', 'S-1-16-12288')
)) {
    Edit-LabState { param($s) $s['token']['integrity'] = $row[0] }
    Check "integrity $($row[0])" ([Security.Principal.WindowsIdentity]::GetCurrent().Groups[-1].Value) $row[1]
}
Check 'operating system' ([Environment]::Is64BitOperatingSystem) $true
Check '64-bit' ([Environment]::Is64BitProcess) $true
Check 'machine' ([Environment]::MachineName) 'CLINIC-FS1'
Check 'os version' ([Environment]::OSVersion.Version.Build) 26100
Edit-LabState {
    param($s)
    $s['token']['bitness'] = 32
    $s['token']['integrity'] = 'medium'
}
Check 'wow64' ([Environment]::Is64BitProcess) $false
Check 'redirected' (Test-Path 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion') $false
Check 'filtered token' ([Security.Principal.WindowsPrincipal]::new(
    [Security.Principal.WindowsIdentity]::GetCurrent()
).IsInRole(
    'Administrator'
)) $false
Check 'write denied' (Fault {
    New-Item 'HKLM:\SOFTWARE\Policies\x' -Force
}).Exception.GetType().Name 'SecurityException'
