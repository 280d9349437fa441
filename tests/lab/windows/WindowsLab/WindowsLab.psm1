# SPDX-License-Identifier: GPL-3.0-or-later
# Loads the compiled core, the registry drives and the overriding core commands. Configuration: env LAB_STATE.

$script:DefenderPlatform = 'ProgramData/Microsoft/Windows Defender/Platform/4.18.25090.3009-0'
# The folders that probes and runbooks touch.
$script:SystemFolders = @(
    'Windows/System32/config'
    'Windows/System32/catroot2'
    'Windows/System32/LogFiles/Firewall'
    'Windows/System32/Winevt/Logs'
    'Windows/SoftwareDistribution'
    'Windows/Temp'
    $script:DefenderPlatform
    'Program Files'
)

function Get-CoreAssembly {
    # Compiled once per source text and engine version; the cache folder is LAB_CACHE or ~/.cache/windowslab.
    $files = [IO.Directory]::GetFiles([IO.Path]::Combine($PSScriptRoot, 'Core'), '*.cs')
    [Array]::Sort($files, [StringComparer]::Ordinal)
    $sha = [Security.Cryptography.IncrementalHash]::CreateHash('SHA256')
    foreach ($file in $files) { $sha.AppendData([IO.File]::ReadAllBytes($file)) }
    $tag = [Convert]::ToHexString($sha.GetHashAndReset()).Substring(0, 16)
    $cache = if ($env:LAB_CACHE) { $env:LAB_CACHE } else { [IO.Path]::Combine($env:HOME, '.cache', 'windowslab') }
    $folder = [IO.Path]::Combine($cache, "$tag-$($PSVersionTable.PSVersion)")
    $assembly = [IO.Path]::Combine($folder, 'WindowsLab.Core.dll')
    if ([IO.File]::Exists($assembly)) { return $assembly }

    # Renamed into place: another process may compile at the same time.
    $draftFolder = [IO.Path]::Combine($folder, "build$PID")
    $draft = [IO.Path]::Combine($draftFolder, 'WindowsLab.Core.dll')
    [void][IO.Directory]::CreateDirectory($draftFolder)
    $compile = @{
        Path = $files
        OutputAssembly = $draft
        OutputType = 'Library'
        IgnoreWarnings = $true
        WarningAction = 'SilentlyContinue'
        ErrorAction = 'Stop'
    }
    Add-Type @compile
    [IO.File]::Move($draft, $assembly, $true)
    [IO.Directory]::Delete($draftFolder, $true)
    $assembly
}

function New-LabDrive([string]$Name, [string]$Provider, [string]$Root) {
    # Another load of the module in this runspace made the drive; C: may still be that of another host.
    $drives = $ExecutionContext.SessionState.Drive
    $existing = try { $drives.GetAtScope($Name, 'Global') } catch { $null }
    if ($null -ne $existing) {
        if ($existing.Root -eq $Root) { return }
        $drives.Remove($Name, $true, 'Global')
    }
    $info = @($ExecutionContext.SessionState.Provider.Get($Provider))[0]
    $drive = [System.Management.Automation.PSDriveInfo]::new($Name, $info, $Root, '', $null)
    [void]$drives.New($drive, 'Global')
}

function Add-SearchPath([string]$Variable, [string]$Folder) {
    $current = [Environment]::GetEnvironmentVariable($Variable)
    if (($current -split [IO.Path]::PathSeparator) -contains $Folder) { return }
    [Environment]::SetEnvironmentVariable($Variable, $Folder + [IO.Path]::PathSeparator + $current)
}

function New-LabFolderTree([string]$Root) {
    # System32\config is made once only: a test may have taken it away since.
    $isNew = -not [IO.Directory]::Exists("$Root/Windows/Temp")
    $folders = $script:SystemFolders + 'Windows/System32'
    foreach ($folder in $folders) {
        if ($isNew -or $folder -ne 'Windows/System32/config') { [void][IO.Directory]::CreateDirectory("$Root/$folder") }
    }
    foreach ($tool in [IO.Directory]::GetFiles([WindowsLab.Lifecycle]::NativeFolder, '*.*')) {
        $name = [IO.Path]::GetFileName($tool)
        if ($name -notmatch '\.(exe|com)$') { continue }
        $link = "$Root/Windows/System32/$name"
        if ($name -eq 'mpcmdrun.exe') { $link = "$Root/$script:DefenderPlatform/MpCmdRun.exe" }
        if ([IO.File]::Exists($link)) { continue }
        try { [void][IO.File]::CreateSymbolicLink($link, $tool) } catch { Write-Verbose "link ${link}: $_" }
    }
}

function Set-LabEnvironment([string]$Root) {
    $state = [WindowsLab.Lab]::Load()
    $domain, $user = $state.token.user.Split('\')[0, -1]
    $values = @{
        SystemRoot = "$Root/Windows"
        windir = "$Root/Windows"
        ProgramData = "$Root/ProgramData"
        ALLUSERSPROFILE = "$Root/ProgramData"
        ProgramFiles = "$Root/Program Files"
        TEMP = "$Root/Windows/Temp"
        TMP = "$Root/Windows/Temp"
        USERPROFILE = $(if ([WindowsLab.Lab]::Token -eq 'system') { "$Root/Windows/System32/config/systemprofile" } else { "$Root/Users/Default" })
        SystemDrive = 'C:'
        COMPUTERNAME = $state.os.computer_name
        USERNAME = $user
        USERDOMAIN = $domain
        PROCESSOR_ARCHITECTURE = $(if ([WindowsLab.Lab]::IsWow64) { 'x86' } else { 'AMD64' })
        OS = 'Windows_NT'
        NUMBER_OF_PROCESSORS = '4'
    }
    if ([WindowsLab.Lab]::IsWow64) { $values.PROCESSOR_ARCHITEW6432 = 'AMD64' }
    foreach ($name in $values.Keys) { [Environment]::SetEnvironmentVariable($name, $values[$name]) }
}

function Initialize-WindowsLab {
    <#
    .SYNOPSIS
    Make this runspace look like the Windows host of a state document.
    .DESCRIPTION
    Adds the C: drive, the Windows environment variables and the C:\ folders that probes and runbooks touch.
    Call it in every new runspace, before the module under test is parsed: type literals resolve at parse time.
    .PARAMETER StatePath
    The state document; sets LAB_STATE, which is used when the parameter is left out.
    .EXAMPLE
    Import-Module WindowsLab
    Initialize-WindowsLab -StatePath ./states/healthy-2022-member.json
    #>
    [CmdletBinding()]
    param([string]$StatePath)
    if ($StatePath) { $env:LAB_STATE = $StatePath }
    if (-not $env:LAB_STATE) { throw 'WindowsLab: environment variable LAB_STATE is not set' }
    $root = [WindowsLab.WindowsPath]::Root
    New-LabFolderTree $root
    Set-LabEnvironment $root
    New-LabDrive 'C' 'FileSystem' $root
    [WindowsLab.AuditApi]::Connect()
}

function Invoke-LabClock {
    <#
    .SYNOPSIS
    Advance the lab clock and run what became due.
    .DESCRIPTION
    Due are scheduled tasks, group policy refresh, backup jobs, conversions, scans and reboots.
    .PARAMETER AddMinutes
    Minutes to add; fractions are allowed.
    .EXAMPLE
    Invoke-LabClock -AddMinutes 90
    #>
    [CmdletBinding()]
    param([Parameter(Mandatory)][double]$AddMinutes)
    [void][WindowsLab.Lifecycle]::Tick($AddMinutes)
}

function Get-LabState {
    <#
    .SYNOPSIS
    Return the state document; treat it as read-only.
    .EXAMPLE
    (Get-LabState).log.cmdlet
    #>
    [CmdletBinding()]
    param()
    , [WindowsLab.Lab]::Load()
}

function Edit-LabState {
    <#
    .SYNOPSIS
    Change the state from a test, without a log entry.
    .PARAMETER Change
    Receives the document under edit. An exception discards every change.
    .EXAMPLE
    Edit-LabState { param($state) $state.services.MpsSvc.State = 'Stopped' }
    #>
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0)][scriptblock]$Change)
    $state = [WindowsLab.Lab]::Begin()
    $isDone = $false
    try {
        $null = & $Change $state
        $isDone = $true
    } finally {
        if ($isDone) { [WindowsLab.Lab]::Commit($null, $null) } else { [WindowsLab.Lab]::Abort() }
    }
}

$core = 'WindowsLab.Lab' -as [type]
if ($core) { Import-Module -Assembly $core.Assembly } else { Import-Module (Get-CoreAssembly) }
[WindowsLab.Cim]::DataFolder = [IO.Path]::Combine($PSScriptRoot, 'Data')
[WindowsLab.CommandScripts]::DataFile = [IO.Path]::Combine($PSScriptRoot, 'Data', 'commands.json')
[WindowsLab.Lifecycle]::NativeFolder = [IO.Path]::Combine($PSScriptRoot, 'Native')
[WindowsLab.RunspaceFactoryShim]::Manifest = [IO.Path]::Combine($PSScriptRoot, 'WindowsLab.psd1')
[WindowsLab.Shims]::Install()
New-LabDrive 'HKLM' 'Registry' 'HKEY_LOCAL_MACHINE'
New-LabDrive 'HKCU' 'Registry' 'HKEY_CURRENT_USER'
# Present when this process was initialised for the host: a runspace that the code under test makes is ready then.
if ($env:LAB_STATE -and [IO.Directory]::Exists([WindowsLab.WindowsPath]::Root)) {
    New-LabDrive 'C' 'FileSystem' ([WindowsLab.WindowsPath]::Root)
}
Add-SearchPath 'PSModulePath' ([IO.Path]::Combine($PSScriptRoot, 'Modules'))
Add-SearchPath 'PATH' ([WindowsLab.Lifecycle]::NativeFolder)

. ([IO.Path]::Combine($PSScriptRoot, 'Surfaces', 'Common.ps1'))
. ([IO.Path]::Combine($PSScriptRoot, 'Surfaces', 'Core.ps1'))
. ([IO.Path]::Combine($PSScriptRoot, 'Surfaces', 'Core.Native.ps1'))
. ([WindowsLab.CommandScripts]::Path('Microsoft.PowerShell.Management', 'any'))
. ([WindowsLab.CommandScripts]::Path('Microsoft.PowerShell.Utility', 'any'))
Set-Alias gcim Get-CimInstance
Set-Alias icim Invoke-CimMethod
Set-Alias gcls Get-CimClass
Set-Alias gsv Get-Service
Set-Alias sasv Start-Service
Set-Alias spsv Stop-Service

$exports = @{
    Function = @(
        'Initialize-WindowsLab', 'Invoke-LabClock', 'Get-LabState', 'Edit-LabState'
        'Get-HotFix', 'Restart-Computer', 'New-Object', 'Get-Date', 'Start-Sleep', '*.exe', '*.com'
    )
    Cmdlet = '*'
    Alias = '*'
}
Export-ModuleMember @exports
