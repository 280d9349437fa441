# state: healthy-2022-member
# SPDX-License-Identifier: GPL-3.0-or-later

Check 'status' (Get-Service wuauserv).Status 'Stopped'
Check 'status int' ([int](Get-Service wuauserv).Status) 1
Check 'start type' ([int](Get-Service wuauserv).StartType) 3
Check 'not found' (Fault { Get-Service nope }).FullyQualifiedErrorId (
    'NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.GetServiceCommand'
)
Check 'wildcard none' @(Get-Service nope*).Count 0
Check 'drivers hidden' @(Get-Service WdFilter*).Count 0
Check 'driver via CIM' (Get-CimInstance Win32_SystemDriver -Filter "Name='WdFilter'").State 'Running'
Check 'depends' ((Get-Service MpsSvc).ServicesDependedOn.Name -join ',') 'mpsdrv,BFE'
Start-Service wuauserv
Check 'started' (Get-Service wuauserv).Status 'Running'
Set-Service -Name wuauserv -StartupType Disabled
Stop-Service wuauserv
Check 'disabled' (Get-CimInstance Win32_Service -Filter "Name='wuauserv'").StartMode 'Disabled'
Check 'start disabled' (Fault { Start-Service wuauserv }).FullyQualifiedErrorId (
    'StartServiceFailed,Microsoft.PowerShell.Commands.StartServiceCommand'
)
$disabled = (Fault { Start-Service wuauserv }).Exception.InnerException.InnerException
Check 'start disabled code' $disabled.NativeErrorCode 1058
Check 'PPL stop' (Fault { Stop-Service WinDefend }).FullyQualifiedErrorId (
    'StopServiceFailed,Microsoft.PowerShell.Commands.StopServiceCommand'
)
Check 'PPL config' (Fault {
    Set-Service WinDefend -StartupType Disabled
}).FullyQualifiedErrorId (
    'CouldNotSetService,Microsoft.PowerShell.Commands.SetServiceCommand'
)
Check 'dependents' (Fault {
    Stop-Service LanmanWorkstation
}).FullyQualifiedErrorId (
    'ServiceHasDependentServices,Microsoft.PowerShell.Commands.StopServiceCommand'
)
Stop-Service LanmanWorkstation -Force
Check 'dependent stopped' (Get-Service Netlogon).Status 'Stopped'
Start-Service Netlogon
Check 'dependency started' (Get-Service LanmanWorkstation).Status 'Running'
Check 'passthru' (Restart-Service CryptSvc -PassThru).Name 'CryptSvc'
Check 'log' (@((Get-LabState).log | Where-Object { $_.cmdlet -eq 'Set-Service' }).Count) 1
Check 'controller type' (Get-Service BITS).GetType().FullName 'System.ServiceProcess.ServiceController'
Stop-Service WinRM
Check 'stopping WinRM cuts the session' (Get-LabState).network.winrm_reachable $false
Edit-LabState {
    param($s)
    foreach ($writer in $s['vss_writers']) { if ($writer['name'] -eq 'System Writer') { $writer['state'] = 8 } }
}
Check 'writer failed' (@(vssadmin.exe list writers) -match '\[8\]').Count 1
Start-Service CryptSvc
Check 'a running service keeps its writer' (@(vssadmin.exe list writers) -match '\[8\]').Count 1
Restart-Service CryptSvc -Force
Check 'a restart renews it' (@(vssadmin.exe list writers) -match '\[8\]').Count 0
Edit-LabState { param($s) $s.services.EventLog['State'] = 'Stopped' }
Start-Service EventLog
Check 'its own start is recorded' (Get-WinEvent -LogName System -MaxEvents 1).Id 6005
$log = 'Microsoft-Windows-Forwarding/Operational'
Restart-Service WinRM -Force
Check 'forwards nothing' (Fault { Get-WinEvent -LogName $log -MaxEvents 1 }).FullyQualifiedErrorId.Split(',')[0] (
    'NoMatchingEventsFound'
)
Edit-LabState {
    param($s)
    $key = 'HKLM\SOFTWARE\Policies\Microsoft\Windows\EventLog\EventForwarding\SubscriptionManager'
    $s.registry[$key] = [ordered]@{ '1' = @('REG_SZ', 'Server=http://wec') }
}
Restart-Service WinRM -Force
Check 'collector connected' (Get-WinEvent -LogName $log -MaxEvents 1).Id 104
Edit-LabState { param($s) $s.network['collector_reachable'] = $false }
Restart-Service WinRM -Force
Check 'collector out of reach' (Get-WinEvent -LogName $log -MaxEvents 1).Id 105
