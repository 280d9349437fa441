# SPDX-License-Identifier: GPL-3.0-or-later
# Microsoft Defender: status, preferences with tamper protection, signatures, scans, threats.

$script:DefenderNs = 'root/Microsoft/Windows/Defender'

function Get-DefenderInstances($Cmdlet, $Class) {
    foreach ($m in (Get-LabCim $Cmdlet $script:DefenderNs $Class)) {
        [WindowsLab.Cim]::Make($script:DefenderNs, $Class, $m)
    }
}

function Invoke-GetMpComputerStatus($Cmdlet, $Bound) {
    Get-DefenderInstances $Cmdlet 'MSFT_MpComputerStatus'
}

function Invoke-GetMpPreference($Cmdlet, $Bound) {
    Get-DefenderInstances $Cmdlet 'MSFT_MpPreference'
}

function Invoke-GetMpThreat($Cmdlet, $Bound) {
    Get-DefenderInstances $Cmdlet 'MSFT_MpThreat' |
        Where-Object { -not $Bound.ThreatID -or $Bound.ThreatID -contains $_.ThreatID }
}

function Invoke-GetMpThreatDetection($Cmdlet, $Bound) {
    Get-DefenderInstances $Cmdlet 'MSFT_MpThreatDetection' |
        Where-Object { -not $Bound.ThreatID -or $Bound.ThreatID -contains $_.ThreatID }
}

# The provider answers 0x800106ba while the service is down.
function Test-Defender($Cmdlet) {
    $failure = Get-LabCimFailure $Cmdlet $script:DefenderNs 'MSFT_MpPreference'
    if (-not $failure -and -not [WindowsLab.Lab]::IsElevated) {
        $failure = [Microsoft.Management.Infrastructure.CimException]::FromHResult(
            -2147024891,
            'You don''t have enough permissions to perform the requested operation. '
        )
    }
    if ($failure) {
        Write-LabCimError $Cmdlet $failure $null
        return $false
    }
    $true
}

# Settings that tamper protection keeps from being weakened.
$script:Weakening = @{
    DisableRealtimeMonitoring = $true
    DisableBehaviorMonitoring = $true
    DisableIOAVProtection = $true
    DisableScriptScanning = $true
    DisableBlockAtFirstSeen = $true
    DisableIntrusionPreventionSystem = $true
    MAPSReporting = 0
    DisableArchiveScanning = $true
}
$script:RegistrySub = @{
    DisableRealtimeMonitoring = 'Real-Time Protection'
    DisableBehaviorMonitoring = 'Real-Time Protection'
    DisableIOAVProtection = 'Real-Time Protection'
    DisableScriptScanning = 'Real-Time Protection'
}
$script:NotPreferences = 'Force', 'CimSession', 'ThrottleLimit', 'AsJob', 'WhatIf', 'Confirm', 'Verbose',
    'Debug', 'ErrorAction', 'WarningAction', 'InformationAction', 'ErrorVariable', 'WarningVariable',
    'InformationVariable', 'OutVariable', 'OutBuffer', 'PipelineVariable', 'ProgressAction'

function Invoke-SetMpPreference($Cmdlet, $Bound) {
    if (-not (Test-Defender $Cmdlet)) { return }
    Invoke-LabEdit $Cmdlet $Bound {
        param($state)
        $pref = $state.defender.preference
        foreach ($key in @($Bound.Keys)) {
            if ($key -in $script:NotPreferences) { continue }
            $v = $Bound[$key]
            if ($v -is [enum]) { $v = [long]$v }
            if ($state.defender.status.IsTamperProtected -and
                $script:Weakening.ContainsKey($key) -and
                $v -eq $script:Weakening[$key]) {
                # Reported as success, not applied; event 5013 tells.
                [WindowsLab.EventStore]::Append(
                    $state,
                    'Microsoft-Windows-Windows Defender/Operational',
                    'Microsoft-Windows-Windows Defender',
                    5013,
                    4,
                    @('Tamper Protection', $key)
                )
                continue
            }
            $pref[$key] = [WindowsLab.Lab]::Plain($v)
            $sub = $script:RegistrySub[$key]
            if ($sub) {
                $rk = "HKLM\SOFTWARE\Microsoft\Windows Defender\$sub"
                if (-not $state.registry.Contains($rk)) { $state.registry[$rk] = [WindowsLab.Lab]::NewMap() }
                $state.registry[$rk][$key] = New-LabList @('REG_DWORD', [long][bool]$v)
            }
            [WindowsLab.EventStore]::Append(
                $state,
                'Microsoft-Windows-Windows Defender/Operational',
                'Microsoft-Windows-Windows Defender',
                5007,
                4,
                @($key, "$v")
            )
        }
    }
}

function Edit-DefenderLists($Cmdlet, $Bound, [bool]$Add) {
    if (-not (Test-Defender $Cmdlet)) { return }
    Invoke-LabEdit $Cmdlet $Bound {
        param($state)
        foreach ($key in @($Bound.Keys)) {
            if ($key -in $script:NotPreferences) { continue }
            $old = @($state.defender.preference[$key] | Where-Object { $null -ne $_ })
            $new = if ($Add) {
                @($old) + @($Bound[$key] | Where-Object { $old -notcontains $_ })
            } else {
                @($old | Where-Object { @($Bound[$key]) -notcontains $_ })
            }
            $state.defender.preference[$key] = if ($new.Count) { New-LabList $new } else { $null }
        }
    }
}

function Invoke-AddMpPreference($Cmdlet, $Bound) {
    Edit-DefenderLists $Cmdlet $Bound $true
}

function Invoke-RemoveMpPreference($Cmdlet, $Bound) {
    Edit-DefenderLists $Cmdlet $Bound $false
}

function Invoke-UpdateMpSignature($Cmdlet, $Bound) {
    if (-not (Test-Defender $Cmdlet)) { return }
    $state = [WindowsLab.Lab]::Load()
    $u = $state.defender.update_error
    if ($u) {
        [WindowsLab.Lab]::Edit('Update-MpSignature', $Bound, [Action[System.Collections.Specialized.OrderedDictionary]]{
            param($d)
            [WindowsLab.EventStore]::Append(
                $d,
                'Microsoft-Windows-Windows Defender/Operational',
                'Microsoft-Windows-Windows Defender',
                2001,
                2,
                @('Update failed', ('0x{0:X8}' -f [uint32]$u))
            )
        })
        $hr = [BitConverter]::ToInt32([BitConverter]::GetBytes([uint32]$u), 0)
        Write-LabHResultError $Cmdlet $hr 'Virus and spyware definitions update was completed with errors. ' $null
        return
    }
    Invoke-LabEdit $Cmdlet $Bound {
        param($d)
        $st = $d.defender.status
        foreach ($key in 'DefenderSignaturesOutOfDate', 'AntivirusSignatureAge',
            'AntispywareSignatureAge', 'NISSignatureAge') {
            $st.Remove($key)
        }
        $st['AntivirusSignatureLastUpdated'] = [WindowsLab.Lab]::Iso([WindowsLab.Lab]::UtcNow.AddHours(-1))
        $st['AntivirusSignatureVersion'] = $d.defender.next_signature_version
        # Engine updates come with the definitions (learn.microsoft.com/defender-endpoint/
        # microsoft-defender-antivirus-updates, "Engine updates", 2025-10).
        if ($d.defender.next_engine_version) { $st['AMEngineVersion'] = $d.defender.next_engine_version }
        if ($st.ProductStatus) { $st['ProductStatus'] = [long]$st.ProductStatus -band -bnot 96L }
        [WindowsLab.EventStore]::Append(
            $d,
            'Microsoft-Windows-Windows Defender/Operational',
            'Microsoft-Windows-Windows Defender',
            2000,
            4,
            @($d.defender.next_signature_version)
        )
    }
}

function Invoke-StartMpScan($Cmdlet, $Bound) {
    if (-not (Test-Defender $Cmdlet)) { return }
    $type = if ($Bound.ScanType) { "$($Bound.ScanType)" } else { 'QuickScan' }
    if ($type -eq 'CustomScan' -and -not $Bound.ScanPath) {
        Write-LabHResultError $Cmdlet -2147024809 'The parameter is incorrect. ' $null
        return
    }
    Invoke-LabEdit $Cmdlet $Bound {
        param($state)
        $name = [WindowsLab.Lab]::UtcNow
        $min = if ($Bound.AsJob) {
            if ($type -eq 'FullScan') {
                120
            } else {
                10
            }
        } else { 0 }
        $state.defender.scan = New-LabMap @{
            type = $type
            start = [WindowsLab.Lab]::Iso($name)
            end_at = [WindowsLab.Lab]::Iso($name.AddMinutes($min))
        }
    }
    if ($Bound.AsJob) {
        $j = [WindowsLab.LabJob]::new("Start-MpScan $type")
        $Cmdlet.JobRepository.Add($j)
        $j
    } else {
        [void][WindowsLab.Lifecycle]::Tick(0)
    }
}
