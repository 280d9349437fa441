# state: healthy-2022-member
# SPDX-License-Identifier: GPL-3.0-or-later
# Every type of fault on every kind of surface. Delays are scaled down by LAB_DELAY_SCALE.

function Set-Fault([string]$Surface, [string]$Json) {
    Edit-LabState {
        param($s)
        $s['faults'].Clear()
        $s['faults'][$Surface] = [WindowsLab.Lab]::Parse($Json)
    }
}

# CIM: instances, classes, methods on instances read before, and the commands over the same class
$fve = @{ Namespace = 'root/CIMV2/Security/MicrosoftVolumeEncryption'; ClassName = 'Win32_EncryptableVolume' }
$mp = @{ Namespace = 'root/Microsoft/Windows/Defender'; ClassName = 'MSFT_MpComputerStatus' }
$volume = @(Get-CimInstance @fve)[0]
foreach ($row in @(
    @('denied', '0x80041003'), @('error', '0x80041001'), @('hang', '0x40004'), @('missing', '0x80041010')
)) {
    Set-Fault "cim:$($fve.Namespace):$($fve.ClassName)" "{""type"":""$($row[0])"",""seconds"":2}"
    $code = "HRESULT $($row[1])"
    Check "cim $($row[0])" (Fault { Get-CimInstance @fve }).Exception.MessageId $code
    Check "cim query $($row[0])" (Fault {
        Get-CimInstance -Namespace $fve.Namespace -Query 'SELECT * FROM Win32_EncryptableVolume'
    }).Exception.MessageId $code
    Check "cim method $($row[0])" (Fault {
        Invoke-CimMethod -InputObject $volume -MethodName GetProtectionStatus
    }).Exception.MessageId $code
    Check "cim refresh $($row[0])" (Fault { $volume | Get-CimInstance }).Exception.MessageId $code
    Check "cim class $($row[0])" (Fault { Get-CimClass @fve }).Exception.MessageId $code
    Check "BitLocker $($row[0])" (Fault { Get-BitLockerVolume }).Exception.MessageId $code
}
Set-Fault 'cim:root\StandardCimv2' '{"type":"missing"}'
Check 'namespace missing' (Fault {
    Get-CimInstance -Namespace root/StandardCimv2 -ClassName MSFT_NetAdapter
}).Exception.MessageId 'HRESULT 0x8004100e'
Check 'namespace reaches CDXML' (Fault {
    Get-NetFirewallProfile -PolicyStore ActiveStore
}).Exception.MessageId 'HRESULT 0x8004100e'
Set-Fault "cim:$($fve.Namespace):$($fve.ClassName).GetConversionStatus" '{"type":"denied"}'
Check 'one method' (Fault {
    Invoke-CimMethod -InputObject $volume -MethodName GetConversionStatus
}).Exception.MessageId 'HRESULT 0x80041003'
Check 'not the other' (Invoke-CimMethod -InputObject $volume -MethodName GetProtectionStatus).ProtectionStatus 1
Set-Fault "cim:$($fve.Namespace):$($fve.ClassName).GetKeyProtectors" '{"type":"garbage"}'
Check 'method garbage' (
    Invoke-CimMethod -InputObject $volume -MethodName GetKeyProtectors
).VolumeKeyProtectorID 'garbage'
Set-Fault "cim:$($mp.Namespace):$($mp.ClassName)" '{"type":"hang","seconds":9000}'
$watch = [Diagnostics.Stopwatch]::StartNew()
Check 'hang ends at the time-out' (Fault { Get-CimInstance @mp -OperationTimeoutSec 1 }).Exception.MessageId (
    'HRESULT 0x40004'
)
Check 'not before and not at its own end' ($watch.Elapsed.TotalSeconds -lt 20) $true
Set-Fault "cim:$($mp.Namespace):$($mp.ClassName)" '{"type":"hang","seconds":2}'
Check 'hang without time-out fails in the end' (Fault { Get-MpComputerStatus }).Exception.MessageId 'HRESULT 0x40004'
Set-Fault "cim:$($mp.Namespace):$($mp.ClassName)" '{"type":"slow","seconds":2}'
Check 'slow answers' (Get-CimInstance @mp).AMRunningMode 'Normal'
Check 'slow beyond the time-out' (Fault { Get-CimInstance @mp -OperationTimeoutSec 1 }).Exception.MessageId (
    'HRESULT 0x40004'
)
Set-Fault "cim:$($mp.Namespace):$($mp.ClassName)" '{"type":"garbage"}'
$o = Get-CimInstance @mp
Check 'text for a number' $o.AntivirusSignatureAge 'garbage'
Check 'text for a boolean' $o.RealTimeProtectionEnabled 'garbage'
Check 'number for a text' $o.AMRunningMode.GetType().Name 'Int32'
Check 'also by command' (Get-MpComputerStatus).AntivirusSignatureAge 'garbage'
Check 'also in CimInstanceProperties' $o.CimInstanceProperties['AntivirusSignatureAge'].Value 'garbage'
Set-Fault "cim:$($mp.Namespace):$($mp.ClassName)" '{"type":"garbage","only":["AntivirusSignatureAge"]}'
Check 'only one' (Get-CimInstance @mp).RealTimeProtectionEnabled $true
Set-Fault "cim:$($mp.Namespace):$($mp.ClassName)" '{"type":"missing","only":["AMRunningMode"]}'
Check 'property missing' ((Get-CimInstance @mp).PSObject.Properties.Name -contains 'AMRunningMode') $false
Check 'the others there' (Get-CimInstance @mp).AntivirusEnabled $true
Set-Fault "cim:$($mp.Namespace):$($mp.ClassName)" '{"type":"empty"}'
Check 'no instance' @(Get-CimInstance @mp).Count 0
Check 'no object' @(Get-MpComputerStatus).Count 0
Set-Fault 'cim:root/StandardCimv2:MSFT_NetFirewallProfile' '{"type":"empty"}'
Check 'no profile' @(Get-NetFirewallProfile -PolicyStore ActiveStore).Count 0
Edit-LabState {
    param($s)
    $s['faults'].Clear()
    $s['cim_empty'] = [WindowsLab.Lab]::Parse('["root/Microsoft/Windows/Defender:MSFT_MpComputerStatus"]')
}
Check 'cim_empty' @(Get-CimInstance @mp).Count 0
Edit-LabState {
    param($s)
    $s.Remove('cim_empty')
    $s['defender']['status']['ComputerState'] = -1
    $s['defender']['status']['AntivirusSignatureAge'] = 4294967296 + 7
}
Check 'negative in an unsigned property' (Get-CimInstance @mp).ComputerState ([uint32]4294967295)
Check 'too large keeps its bits' (Get-CimInstance @mp).AntivirusSignatureAge 7

Edit-LabState { param($s) $s['defender']['status']['ComputerState'] = 0 }

# Commands
foreach ($row in @(
    @('denied', 'UnauthorizedAccessException'), @('error', 'COMException'), @('hang', 'COMException'),
    @('missing', 'CommandNotFoundException')
)) {
    Set-Fault 'cmdlet:Get-WBSummary' "{""type"":""$($row[0])"",""seconds"":2}"
    Check "command $($row[0])" (Fault { Get-WBSummary }).Exception.GetType().Name $row[1]
}
Set-Fault 'cmdlet:Get-WBSummary' '{"type":"hang","seconds":2}'
Check 'command time-out' (Fault { Get-WBSummary }).Exception.HResult (-2147023436)
Set-Fault 'cmdlet:Get-WBSummary' '{"type":"error","hresult":2155348165,"message":"no disk"}'
Check 'command code' (Fault { Get-WBSummary }).Exception.HResult (-2139619131)
Check 'command message' (Fault { Get-WBSummary }).Exception.Message 'no disk'
Set-Fault 'cmdlet:Get-WBSummary' '{"type":"error","spares":1}'
Check 'command spared once' (Get-WBSummary).NumberOfVersions 101
Check 'command not spared twice' (Fault { Get-WBSummary }).Exception.GetType().Name 'COMException'
Set-Fault 'cmdlet:Get-WBSummary' '{"type":"garbage"}'
Check 'command garbage' (Get-WBSummary).LastSuccessfulBackupTime 'garbage'
Set-Fault 'cmdlet:Get-WBSummary' '{"type":"missing","only":["NextBackupTime"]}'
Check 'command property missing' ((Get-WBSummary).PSObject.Properties.Name -contains 'NextBackupTime') $false
Check 'command rest' (Get-WBSummary).NumberOfVersions 101
Set-Fault 'cmdlet:Get-WBSummary' '{"type":"empty"}'
Check 'command empty' @(Get-WBSummary).Count 0
foreach ($row in @(@('denied', '0x80041003'), @('error', '0x80041001'), @('hang', '0x40004'))) {
    Set-Fault 'cmdlet:Get-CimInstance' "{""type"":""$($row[0])"",""seconds"":2}"
    Check "Get-CimInstance $($row[0])" (Fault { Get-CimInstance Win32_BIOS }).Exception.MessageId "HRESULT $($row[1])"
}
Set-Fault 'cmdlet:Get-Service' '{"type":"missing"}'
Check 'cmdlet missing' (Fault { Get-Service BITS }).FullyQualifiedErrorId (
    'CommandNotFoundException,Microsoft.PowerShell.Commands.GetServiceCommand'
)

# COM
$session = New-Object -ComObject Microsoft.Update.Session
$searcher = $session.CreateUpdateSearcher()
foreach ($row in @(
    @('denied', -2147024891), @('error', -2147467259), @('hang', -2147023436), @('missing', -2147221164)
)) {
    Set-Fault 'com:Microsoft.Update.Session' "{""type"":""$($row[0])"",""seconds"":2}"
    Check "COM object $($row[0])" (Fault { New-Object -ComObject Microsoft.Update.Session }).Exception.HResult $row[1]
    Set-Fault 'com:Microsoft.Update.Searcher.Search' "{""type"":""$($row[0])"",""seconds"":2}"
    $expected = if ($row[0] -eq 'missing') { -2147352573 } else { $row[1] }
    Check "COM method $($row[0])" (Fault { $searcher.Search('IsInstalled=0') }).Exception.HResult $expected
    Set-Fault 'com:HNetCfg.FwPolicy2.LocalPolicyModifyState' "{""type"":""$($row[0])"",""seconds"":2}"
    Check "COM property $($row[0])" (Fault {
        (New-Object -ComObject HNetCfg.FwPolicy2).LocalPolicyModifyState
    }).Exception.GetBaseException().HResult $expected
}
Set-Fault 'com:Microsoft.Update.Searcher.Search' '{"type":"error","hresult":2149859372}'
Check 'COM code' (Fault { $searcher.Search('IsInstalled=0') }).Exception.HResult (-2145107924)
Set-Fault 'com:Microsoft.Update.Searcher.Search' '{"type":"garbage"}'
Check 'COM garbage' $searcher.Search('IsInstalled=0') 'garbage'
Set-Fault 'com:ISearchResult' '{"type":"garbage","only":["ResultCode"]}'
$result = $searcher.Search('IsInstalled=0')
Check 'COM garbage in one member' $result.ResultCode 'garbage'
Check 'COM other member' $result.Updates.Count 0
Set-Fault 'com:IUpdateHistoryEntryCollection' '{"type":"empty"}'
Check 'COM empty' $searcher.QueryHistory(0, 5).Count 0

# Event logs
$channel = 'Microsoft-Windows-Windows Defender/Operational'
$xml = [xml]"<QueryList><Query Id='0'><Select Path='$channel'>*</Select></Query></QueryList>"
$readers = [ordered]@{
    LogName = { Get-WinEvent -LogName $channel -MaxEvents 1 }
    FilterHashtable = { Get-WinEvent -FilterHashtable @{ LogName = $channel } -MaxEvents 1 }
    FilterXml = { Get-WinEvent -FilterXml $xml -MaxEvents 1 }
    ListLog = { Get-WinEvent -ListLog $channel }
    Configuration = { [System.Diagnostics.Eventing.Reader.EventLogConfiguration]::new($channel) }
}
foreach ($row in @(
    @('denied', 'UnauthorizedAccessException', -2147024891), @('error', 'EventLogException', -2147023174),
    @('hang', 'EventLogException', -2147023436)
)) {
    Set-Fault "eventlog:$channel" "{""type"":""$($row[0])"",""seconds"":2}"
    foreach ($reader in $readers.Keys) {
        $e = (Fault $readers[$reader]).Exception.GetBaseException()
        Check "event log $reader $($row[0])" "$($e.GetType().Name) $($e.HResult)" "$($row[1]) $($row[2])"
    }
}
Check 'other log' (Get-WinEvent -ListLog System).LogName 'System'
Set-Fault "eventlog:$channel" '{"type":"missing"}'
$names = 'NoMatchingLogsFound', 'NoMatchingLogsFound', 'System.Diagnostics.Eventing.Reader.EventLogNotFoundException',
    'NoMatchingLogsFound'
foreach ($i in 0..3) {
    Check "event log missing $i" (Fault @($readers.Values)[$i]).FullyQualifiedErrorId (
        $names[$i] + ',Microsoft.PowerShell.Commands.GetWinEventCommand'
    )
}
Set-Fault "eventlog:$channel" '{"type":"garbage"}'
Check 'record garbage' (Get-WinEvent -LogName $channel -MaxEvents 1).Properties[0].Value 'garbage'
Check 'configuration garbage' (Get-WinEvent -ListLog $channel).MaximumSizeInBytes (-1)
Set-Fault 'eventlog:*' '{"type":"empty"}'
Check 'no records' (Fault { Get-WinEvent -LogName System -MaxEvents 1 }).FullyQualifiedErrorId (
    'NoMatchingEventsFound,Microsoft.PowerShell.Commands.GetWinEventCommand'
)

# Registry
$au = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU'
$open = {
    $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
    $base.OpenSubKey('SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU').GetValue('AUOptions')
}
$properties = { Get-ItemProperty -LiteralPath $au }
Set-Fault 'registry:HKLM\SOFTWARE\Policies\Microsoft\Windows' '{"type":"denied"}'
Check 'registry denied' (Fault $properties).Exception.GetType().Name 'SecurityException'
Check 'registry denied .NET' (Fault $open).Exception.GetBaseException().GetType().Name 'SecurityException'
Check 'registry denied key exists' (Test-Path $au) $true
Check 'registry elsewhere' (Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion').UBR 4294
Set-Fault "registry:$au" '{"type":"error"}'
# The provider turns what it cannot read into "does not exist"; only RegistryKey tells the two apart.
Check 'registry error' (Fault $properties).FullyQualifiedErrorId (
    'PathNotFound,Microsoft.PowerShell.Commands.GetItemPropertyCommand'
)
Check 'registry error .NET' (Fault $open).Exception.GetBaseException().HResult 1009
Check 'registry error looks absent' (Test-Path $au) $false
Set-Fault "registry:$au" '{"type":"hang","seconds":2}'
Check 'registry hang' (Fault $properties).CategoryInfo.Category 'ObjectNotFound'
Check 'registry hang .NET' (Fault $open).Exception.GetBaseException().HResult 1460
Set-Fault 'registry:HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate' '{"type":"missing"}'
Check 'registry missing' (Test-Path $au) $false
Check 'registry missing .NET' ([Microsoft.Win32.Registry]::LocalMachine.OpenSubKey(
    'SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
)) $null
Check 'registry missing child' ((Get-ChildItem HKLM:\SOFTWARE\Policies\Microsoft\Windows).PSChildName -contains (
    'WindowsUpdate'
)) $false
Set-Fault "registry:$au" '{"type":"missing","only":["AUOptions"]}'
Check 'value missing' ((Get-Item $au).GetValueNames() -contains 'AUOptions') $false
Check 'other value' (Get-ItemProperty $au).NoAutoUpdate 0
Set-Fault "registry:$au" '{"type":"garbage","only":["AUOptions"]}'
Check 'value of another type' (& $open) 'garbage'
Check 'kind of it' (Get-Item $au).GetValueKind('AUOptions') 'String'
Set-Fault "registry:$au" '{"type":"empty"}'
Check 'no values' (Get-Item $au).ValueCount 0

# Services
Set-Fault 'service:MpsSvc' '{"type":"denied"}'
Check 'service denied' (Fault { Get-Service MpsSvc }).FullyQualifiedErrorId (
    'NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.GetServiceCommand'
)
Check 'service denied CIM' @(Get-CimInstance Win32_Service -Filter "Name='MpsSvc'").Count 0
Check 'service denied in the registry' (Test-Path HKLM:\SYSTEM\CurrentControlSet\Services\MpsSvc) $true
Set-Fault 'service:MpsSvc' '{"type":"missing"}'
Check 'service missing' (Fault { Get-Service MpsSvc }).FullyQualifiedErrorId (
    'NoServiceFoundForGivenName,Microsoft.PowerShell.Commands.GetServiceCommand'
)
foreach ($row in @(@('error', 1722, '0x80041001'), @('hang', 1460, '0x40004'))) {
    Set-Fault 'service:MpsSvc' "{""type"":""$($row[0])"",""seconds"":2}"
    Check "service $($row[0])" (Fault { Get-Service MpsSvc }).Exception.InnerException.NativeErrorCode $row[1]
    Check "service $($row[0]) CIM" (Fault {
        Get-CimInstance Win32_Service -Filter "Name='MpsSvc'"
    }).Exception.MessageId "HRESULT $($row[2])"
    Check "other service $($row[0])" (Get-Service BFE).Status 'Running'
}
Set-Fault 'service:MpsSvc' '{"type":"garbage"}'
Check 'service garbage' ([int](Get-Service MpsSvc).Status) 99
Check 'service garbage CIM' (Get-CimInstance Win32_Service -Filter "Name='MpsSvc'").State 'garbage'

# Native tools
foreach ($row in @(@('denied', 5), @('error', 1), @('hang', 1460))) {
    Set-Fault 'native:auditpol.exe' "{""type"":""$($row[0])"",""seconds"":2}"
    $null = auditpol.exe /get '/category:*' 2>$null
    Check "native $($row[0])" $LASTEXITCODE $row[1]
}
Set-Fault 'native:auditpol.exe' '{"type":"error","exit_code":87}'
$null = auditpol.exe /get '/category:*' 2>$null
Check 'native exit code' $LASTEXITCODE 87
Set-Fault 'native:auditpol.exe' '{"type":"missing"}'
Check 'native missing' (Fault { auditpol.exe /get '/category:*' }).FullyQualifiedErrorId 'CommandNotFoundException'
Set-Fault 'native:auditpol.exe' '{"type":"garbage"}'
$null = auditpol.exe /backup '/file:C:\Windows\Temp\a.csv'
Check 'native garbage succeeds' $LASTEXITCODE 0
Check 'native garbage in the file' ((Get-Content C:\Windows\Temp\a.csv -Raw) -match 'GARBAGE') $true
Set-Fault 'native:auditpol.exe' '{"type":"empty"}'
Check 'native empty' @(auditpol.exe /get '/category:*').Count 0

Set-Fault 'cim:root/cimv2' '{"type":"dneied"}'
Check 'unknown type' ((Fault { Get-CimInstance Win32_BIOS }).Exception.Message -like '*dneied*') $true
