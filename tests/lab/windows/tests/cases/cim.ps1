# state: healthy-2022-member
# SPDX-License-Identifier: GPL-3.0-or-later

$o = Get-CimInstance -ClassName Win32_OperatingSystem
Check 'caption' $o.Caption 'Microsoft Windows Server 2022 Standard'
Check 'product type' $o.ProductType.GetType().Name 'UInt32'
Check 'boot time kind' $o.LastBootUpTime.Kind 'Local'
Check 'type name' (
    $o.PSTypeNames -contains 'Microsoft.Management.Infrastructure.CimInstance#root/cimv2/Win32_OperatingSystem'
) $true
Check 'CimInstanceProperties' $o.CimInstanceProperties['BuildNumber'].Value '20348'
Check 'psobject property' $o.PSObject.Properties['Caption'].Value $o.Caption
Check 'no such property' ($null -eq $o.PSObject.Properties['Nope']) $true
Check 'filter =' (Get-CimInstance Win32_Service -Filter "Name='wuauserv'").StartMode 'Manual'
Check 'filter and/or' (@(
    Get-CimInstance Win32_Service -Filter "(Name='BITS' OR Name='wuauserv') AND State<>'Running'"
).Count) 2
Check 'filter like' (@(Get-CimInstance Win32_Service -Filter "Name LIKE 'Win%'").Count -ge 3) $true
Check 'query' (
    Get-CimInstance -Query "SELECT Name, State FROM Win32_Service WHERE Name = 'EventLog'"
).State 'Running'
Check 'property' (Get-CimInstance Win32_Service -Filter "Name='BITS'" -Property Name, State).StartMode $null
Check 'keyonly' (Get-CimInstance Win32_Service -Filter "Name='BITS'" -KeyOnly).State $null
Check 'bad filter' (Fault {
    Get-CimInstance Win32_Service -Filter 'Name='
}).FullyQualifiedErrorId 'HRESULT 0x80041017,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand'
Check 'invalid class' (Fault { Get-CimInstance Win32_Nope }).FullyQualifiedErrorId (
    'HRESULT 0x80041010,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand'
)
$e = Fault { Get-CimInstance -Namespace root/SecurityCenter2 -ClassName AntiVirusProduct }
Check 'invalid namespace' $e.FullyQualifiedErrorId (
    'HRESULT 0x8004100e,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand'
)
Check 'exception type' $e.Exception.GetType().FullName 'Microsoft.Management.Infrastructure.CimException'
Check 'native error code' $e.Exception.NativeErrorCode 'InvalidNamespace'
Check 'status code' $e.Exception.StatusCode ([uint32]2147749902)
Check 'hresult is COR_E_EXCEPTION' $e.Exception.HResult -2146233088
Check 'catch by type' $(try {
    Get-CimInstance Win32_Nope -ErrorAction Stop
} catch [Microsoft.Management.Infrastructure.CimException] {
    'caught'
}) 'caught'
Check 'error is non-terminating' (
    @(Get-CimInstance Win32_Nope -ErrorAction SilentlyContinue; 'next') -join ','
) 'next'
Check 'optional feature' (Get-CimInstance Win32_OptionalFeature -Filter "Name='BitLocker'").InstallState 1
Check 'one instance is not an array' (Get-CimInstance Win32_ComputerSystem).GetType().Name 'CimInstance'
Check 'domain role' (Get-CimInstance Win32_ComputerSystem).DomainRole 3
Check 'volume' ([uint64](Get-CimInstance Win32_Volume -Filter "DriveLetter='C:'").FreeSpace -gt 0) $true
Check 'logical disk' (Get-CimInstance Win32_LogicalDisk -Filter 'DriveType=3').Count 2
Check 'class' (Get-CimClass -ClassName Win32_Service).CimClassProperties['StartMode'].CimType 'String'
Check 'class not found' (Fault {
    Get-CimClass -ClassName Win32_Nope
}).FullyQualifiedErrorId 'HRESULT 0x80041002,Microsoft.Management.Infrastructure.CimCmdlets.GetCimClassCommand'
Check 'pipeline of instances' ((Get-CimInstance Win32_Service -Filter "Name='BITS'" | Get-CimInstance).Name) 'BITS'
Check 'null property present' ($null -ne $o.PSObject.Properties['BootDevice'] -and $null -eq $o.BootDevice) $true
Check 'change start mode' (Get-CimInstance Win32_Service -Filter "Name='BITS'" |
    Invoke-CimMethod -MethodName ChangeStartMode -Arguments @{ StartMode = 'Disabled' }).ReturnValue 0
Check 'changed' (Get-Service BITS).StartType 'Disabled'
Check 'start disabled' (
    Invoke-CimMethod -InputObject (Get-CimInstance Win32_Service -Filter "Name='BITS'") -MethodName StartService
).ReturnValue 14
Check 'unknown method' (Fault {
    Invoke-CimMethod -InputObject $o -MethodName Nope
}).Exception.GetType().Name 'CimException'
Edit-LabState { param($s) $s['faults']['cim:root/cimv2:Win32_Volume'] = [WindowsLab.Lab]::Parse('{"type":"hang"}') }
Check 'timeout' (Fault {
    Get-CimInstance Win32_Volume -OperationTimeoutSec 5
}).FullyQualifiedErrorId 'HRESULT 0x40004,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand'
Edit-LabState {
    param($s)
    $s['faults'].Remove('cim:root/cimv2:Win32_Volume')
    $s['token']['integrity'] = 'medium'
}
Check 'not elevated' (Fault {
    Get-CimInstance -Namespace root/CIMV2/Security/MicrosoftVolumeEncryption -ClassName Win32_EncryptableVolume
}).FullyQualifiedErrorId 'HRESULT 0x80041003,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand'
