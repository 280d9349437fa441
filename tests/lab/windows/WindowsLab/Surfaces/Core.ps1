# SPDX-License-Identifier: GPL-3.0-or-later
# Core commands that WindowsLab overrides: COM in New-Object, the lab clock in Get-Date/Start-Sleep, hotfixes, restart.

function Invoke-NewObject($Cmdlet, $Bound) {
    if ($Bound.ContainsKey('ComObject')) {
        try {
            $output = [WindowsLab.Com]::Create($Bound.ComObject, [bool]$Bound.Strict)
        } catch {
            $failure = $_.Exception.GetBaseException()
            $id = if ($failure.HResult -eq -2147221164) {
                'NoCOMClassIdentified'
            } else {
                $failure.GetType().FullName
            }
            $Cmdlet.ThrowTerminatingError((New-LabErrorRecord $failure $id 'ResourceUnavailable' $Bound.ComObject))
        }
        $Cmdlet.WriteObject($output, $false)
        return
    }
    $q = @{}
    foreach ($key in $Bound.Keys) {
        $q[$key] = $Bound[$key]
    }
    Microsoft.PowerShell.Utility\New-Object @q
}

function Invoke-GetDate($Cmdlet, $Bound) {
    $q = @{}
    foreach ($key in $Bound.Keys) {
        $q[$key] = $Bound[$key]
    }
    if ($null -eq $q['DisplayHint']) { $q.Remove('DisplayHint') }
    if (-not $q.ContainsKey('Date')) { $q['Date'] = [WindowsLab.Lab]::Now }
    Microsoft.PowerShell.Utility\Get-Date @q
}

# clock.sleep = "advance": sleeping moves the lab clock instead of waiting.
function Invoke-StartSleep($Cmdlet, $Bound) {
    $seconds = if ($Bound.ContainsKey('Seconds')) { [double]$Bound.Seconds } else { $Bound.Milliseconds / 1000.0 }
    if ([WindowsLab.Lab]::Load().clock.sleep -eq 'advance') {
        [void][WindowsLab.Lifecycle]::Tick($seconds / 60)
    } else {
        [System.Threading.Thread]::Sleep([int]($seconds * 1000))
    }
}

function Invoke-GetHotFix($Cmdlet, $Bound) {
    $all = Get-LabCim $Cmdlet 'root/cimv2' 'Win32_QuickFixEngineering'
    $hit = $false
    foreach ($m in $all) {
        if ($Bound.Id -and $Bound.Id -notcontains $m.HotFixID) { continue }
        if ($Bound.Description -and -not ($Bound.Description | Where-Object { $m.Description -like $_ })) {
            continue
        }
        $hit = $true
        $d = [datetime]::MinValue
        $when = if ([datetime]::TryParse(
            $m.InstalledOn,
            [cultureinfo]::InvariantCulture,
            [Globalization.DateTimeStyles]::None,
            [ref]$d
        )) {
            $d
        } else {
            $null
        }
        $output = [WindowsLab.Cim]::Make(
            'root/cimv2',
            'Win32_QuickFixEngineering',
            $m,
            $null,
            $false,
            @{ InstalledOn = $when }
        )
        $output.PSObject.TypeNames.Insert(
            0,
            'System.Management.ManagementObject#root\cimv2\Win32_QuickFixEngineering'
        )
        $output
    }
    if (-not $hit -and $Bound.Id) {
        Write-LabError $Cmdlet ([ArgumentException]::new(
            'Cannot find the requested hotfix on the ''localhost'' computer. Verify the input and ' +
                'run the command again.'
        )) 'GetHotFixNoEntriesFound' 'ObjectNotFound' $null
    }
}

function Invoke-RestartComputer($Cmdlet, $Bound) {
    if (-not [WindowsLab.Lab]::IsElevated) {
        Write-LabError $Cmdlet ([InvalidOperationException]::new(
            'Failed to restart the computer with the following error message: Access is denied.'
        )) 'RestartcomputerFailed' 'OperationStopped' $env:COMPUTERNAME
        return
    }
    if ($Cmdlet.ShouldProcess([WindowsLab.Lab]::Load().os.computer_name)) {
        [WindowsLab.Power]::Restart('Restart-Computer')
    }
}

# Native tools by name: the same program files, with the full 32-bit exit code in $LASTEXITCODE.
function Invoke-LabNative([string]$Tool, $Arguments) {
    $fault = [WindowsLab.Faults]::Find([string[]]@("native:$Tool"))
    if ($null -ne $fault -and $fault.Type -eq 'missing') { throw [WindowsLab.Faults]::CommandError($fault, $Tool, $false) }
    $rc = [IO.Path]::GetTempFileName()
    $old = $env:LAB_RC_FILE
    $env:LAB_RC_FILE = $rc
    try {
        $program = [IO.Path]::Combine([WindowsLab.Lifecycle]::NativeFolder, $Tool)
        & ([WindowsLab.Lifecycle]::Python) $program @Arguments
        $code = [IO.File]::ReadAllText($rc)
        $global:LASTEXITCODE = if ($code) { [int]$code } else { 1 }
    }
    finally {
        $env:LAB_RC_FILE = $old
        [IO.File]::Delete($rc)
    }
}
