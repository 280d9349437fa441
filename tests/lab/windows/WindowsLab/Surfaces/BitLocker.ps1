# SPDX-License-Identifier: GPL-3.0-or-later
# BitLocker volumes and key protectors. On Windows these are script functions over Win32_EncryptableVolume.

function Test-BitLocker($Cmdlet) {
    $failure = Get-LabCimFailure $Cmdlet 'root/CIMV2/Security/MicrosoftVolumeEncryption' 'Win32_EncryptableVolume'
    if ($failure) {
        Write-LabCimError $Cmdlet $failure $null
        return $false
    }
    $true
}

function Write-FveError($Cmdlet, [uint32]$Hr, [string]$Message, $Target) {
    $h = [BitConverter]::ToInt32([BitConverter]::GetBytes($Hr), 0)
    Write-LabError $Cmdlet ([System.Runtime.InteropServices.COMException]::new(
        "$Message (Exception from HRESULT: 0x$($Hr.ToString('X8')))",
        $h
    )) 'System.Runtime.InteropServices.COMException' 'InvalidOperation' $Target
}

function Find-FveVolume($Cmdlet, $state, [string]$MountPoint) {
    $v = [WindowsLab.BitLocker]::Find($state, $MountPoint.TrimEnd('\'))
    if ($v -and $v.bitlocker) { return $v }
    $text = "The device or volume '$MountPoint' does not have an associated BitLocker volume."
    Write-FveError $Cmdlet ([uint32]2147942405 + 82) $text $MountPoint
}

function New-FveVolume($v) {
    $b = $v.bitlocker
    $locked = $b.LockStatus -eq 1
    $output = [Microsoft.BitLocker.Structures.BitLockerVolume]::new()
    $output.ComputerName = [WindowsLab.Lab]::Load().os.computer_name
    $output.MountPoint = $(if ($v.DriveLetter) { $v.DriveLetter } else { $v.DeviceID })
    $output.ProtectionStatus = $(if ($locked) { 2 } else { [int]$b.ProtectionStatus })
    $output.LockStatus = [int]$b.LockStatus
    $output.VolumeType = $(if ($b.VolumeType -eq 0) { 0 } else { 1 })
    $output.CapacityGB = [float]($v.Capacity / 1GB)
    if (-not $locked) {
        $output.EncryptionMethod = [uint32]$b.EncryptionMethod
        $output.VolumeStatus = @('FullyDecrypted', 'FullyEncrypted', 'EncryptionInProgress',
            'DecryptionInProgress', 'EncryptionPaused', 'DecryptionPaused')[[int]$b.ConversionStatus]
        $output.EncryptionPercentage = [double]$b.EncryptionPercentage
        $output.WipePercentage = [double]$b.WipingPercentage
        if ($b.VolumeType -ne 0) { $output.AutoUnlockEnabled = [bool]$b.AutoUnlock }
        $output.MetadataVersion = $(if ($b.ConversionStatus -eq 0) { 0 } else { 2 })
    } else {
        $output.EncryptionMethod = [uint32]4294967295
    }
    $output.KeyProtector = @(foreach ($p in $b.protectors) {
        [Microsoft.BitLocker.Structures.BitLockerVolumeKeyProtector]::new(
            $output.MountPoint,
            $p.id,
            [int]$p.type,
            $p.recovery_password
        )
    })
    $output
}

function Invoke-GetBitLockerVolume($Cmdlet, $Bound) {
    if (-not (Test-BitLocker $Cmdlet)) { return }
    if ([WindowsLab.Cim]::IsEmptied('root/CIMV2/Security/MicrosoftVolumeEncryption', 'Win32_EncryptableVolume')) {
        return
    }
    $state = [WindowsLab.Lab]::Load()
    if ($Bound.MountPoint) {
        foreach ($m in $Bound.MountPoint) {
            $v = Find-FveVolume $Cmdlet $state $m
            if ($v) { New-FveVolume $v }
        }
    } else {
        foreach ($v in $state.volumes) {
            if ($v.bitlocker) { New-FveVolume $v }
        }
    }
}

# Runs a change per mount point; the script block gets state and volume and returns a failure (hr, text) or nothing.
function Edit-FveVolume($Cmdlet, $Bound, [scriptblock]$Change) {
    if (-not (Test-BitLocker $Cmdlet)) { return }
    foreach ($m in @($Bound.MountPoint)) {
        $v = Find-FveVolume $Cmdlet ([WindowsLab.Lab]::Load()) "$m"
        if (-not $v) { continue }
        if (-not $Cmdlet.ShouldProcess($v.DriveLetter)) { continue }
        if ($v.bitlocker.LockStatus -eq 1) {
            Write-FveError $Cmdlet 2150694912 (
                'This drive is locked by BitLocker Drive Encryption. You must unlock this drive from ' +
                    'Control Panel.'
            ) $m
            continue
        }
        $script:fveFail = $null
        $id = $v.DeviceID
        Invoke-LabEdit $Cmdlet $Bound {
            param($state)
            $w = [WindowsLab.BitLocker]::Find($state, $id)
            $script:fveFail = & $Change $state $w
        }
        if ($script:fveFail) {
            Write-FveError $Cmdlet ([uint32]$script:fveFail[0]) $script:fveFail[1] $m
            continue
        }
        New-FveVolume ([WindowsLab.BitLocker]::Find([WindowsLab.Lab]::Load(), $id))
    }
}

function New-RecoveryPassword {
    (1..8 | ForEach-Object { '{0:D6}' -f (11 * (Get-Random -Maximum 59999)) }) -join '-'
}

function Add-FveProtector($state, $w, $Bound) {
    $b = $w.bitlocker
    if ($null -eq $b.protectors) { $b['protectors'] = New-LabList @() }
    $id = '{' + [guid]::NewGuid().ToString().ToUpperInvariant() + '}'
    $m = New-LabMap @{ id = $id }
    $hasTpm = $Bound.TpmProtector -or
        $Bound.TpmAndPinProtector -or
        $Bound.TpmAndStartupKeyProtector -or
        $Bound.TpmAndPinAndStartupKeyProtector
    if ($hasTpm) {
        if (-not $state.tpm -or -not $state.tpm.ready) {
            return @(
                2150105096, (
                    'A compatible Trusted Platform Module (TPM) Security Device cannot be found on this ' +
                        'computer.'
                )
            )
        }
        if ($b.VolumeType -ne 0) { return @(2150694952, 'The drive specified is not the operating system drive.') }
        $m['type'] = if ($Bound.TpmProtector) {
            1L
        } elseif ($Bound.TpmAndPinProtector) {
            4L
        } elseif ($Bound.TpmAndStartupKeyProtector) {
            5L
        } else {
            6L
        }
        if (@($b.protectors | Where-Object { $_.type -in 1, 4, 5, 6 }).Count) {
            return @(2150694961, 'Only one key protector of this type is allowed for this drive.')
        }
    } elseif ($Bound.RecoveryPasswordProtector) {
        $m['type'] = 3L
        $m['recovery_password'] = $(if ($Bound.RecoveryPassword) {
            $Bound.RecoveryPassword
        } else {
            New-RecoveryPassword
        })
    } elseif ($Bound.RecoveryKeyProtector -or $Bound.StartupKeyProtector) {
        $m['type'] = 2L
    } elseif ($Bound.PasswordProtector) {
        $m['type'] = 8L
    } elseif ($Bound.AdAccountOrGroupProtector) {
        $m['type'] = 10L
    } else {
        return @(2147942487, 'The parameter is incorrect.')
    }
    $b.protectors.Add($m)
    if (-not $b.PersistentVolumeID) {
        $b['PersistentVolumeID'] = '{' + [guid]::NewGuid().ToString().ToUpperInvariant() + '}'
        $b['IsVolumeInitializedForProtection'] = $true
    }
}

function Invoke-AddBitLockerKeyProtector($Cmdlet, $Bound) {
    Edit-FveVolume $Cmdlet $Bound { param($state, $w) Add-FveProtector $state $w $Bound }
}

function Invoke-RemoveBitLockerKeyProtector($Cmdlet, $Bound) {
    Edit-FveVolume $Cmdlet $Bound {
        param($state, $w)
        $key = @($w.bitlocker.protectors | Where-Object { $_.id -eq $Bound.KeyProtectorId })
        if (-not $key) { return @(2147942487, 'The parameter is incorrect.') }
        [void]$w.bitlocker.protectors.Remove($key[0])
    }
}

function Invoke-EnableBitLocker($Cmdlet, $Bound) {
    Edit-FveVolume $Cmdlet $Bound {
        param($state, $w)
        $b = $w.bitlocker
        if ($b.ConversionStatus -ne 0) {
            if ($Bound.Keys -match 'Protector$') { return Add-FveProtector $state $w $Bound }
            return
        }
        $pol = [WindowsLab.Lab]::Val($state, [string[]]@('registry',
            'HKLM\SOFTWARE\Policies\Microsoft\FVE', 'EncryptionMethodWithXtsOs'))
        $f = Add-FveProtector $state $w $Bound
        if ($f) { return $f }
        $b['EncryptionMethod'] = $(if ($Bound.ContainsKey('EncryptionMethod')) {
            [long][uint32]$Bound.EncryptionMethod
        } elseif ($pol) {
            [long]$pol[1]
        } else {
            6L
        })
        $b['EncryptionFlags'] = [long][bool]$Bound.UsedSpaceOnly
        $b['EncryptionPercentage'] = 0L
        if ($b.VolumeType -eq 0 -and -not $Bound.SkipHardwareTest) {
            $b['pending_hardware_test'] = $true
        } else {
            $b['ConversionStatus'] = 2L
        }
    }
}

function Invoke-DisableBitLocker($Cmdlet, $Bound) {
    Edit-FveVolume $Cmdlet $Bound {
        param($state, $w)
        $b = $w.bitlocker
        if ($b.ConversionStatus -ne 0) {
            $b['ConversionStatus'] = 3L
            $b['ProtectionStatus'] = 0L
        }
    }
}

function Invoke-ResumeBitLocker($Cmdlet, $Bound) {
    Edit-FveVolume $Cmdlet $Bound {
        param($state, $w)
        $r = [WindowsLab.BitLocker]::Resume($w.DeviceID, $null)
        if ($r) { return @($r, 'BitLocker Drive Encryption cannot be resumed on this drive.') }
    }
}

function Invoke-SuspendBitLocker($Cmdlet, $Bound) {
    $name = if ($Bound.ContainsKey('RebootCount')) { $Bound.RebootCount } else { 1 }
    Edit-FveVolume $Cmdlet $Bound {
        param($state, $w)
        $r = [WindowsLab.BitLocker]::Suspend($w.DeviceID, $name, $null)
        if ($r) { return @($r, 'This drive is not encrypted.') }
    }
}

function Invoke-EnableBitLockerAutoUnlock($Cmdlet, $Bound) {
    Edit-FveVolume $Cmdlet $Bound {
        param($state, $w)
        if ($w.bitlocker.VolumeType -eq 0) { return @(2150694952, 'Auto-unlock applies to data drives only.') }
        $w.bitlocker['AutoUnlock'] = $true
    }
}

function Invoke-BackupBitLockerKeyProtector($Cmdlet, $Bound) {
    Edit-FveVolume $Cmdlet $Bound {
        param($state, $w)
        $key = @($w.bitlocker.protectors | Where-Object { $_.id -eq $Bound.KeyProtectorId -and $_.type -eq 3 })
        if (-not $key) { return @(2147942487, 'The parameter is incorrect.') }
        $r = [WindowsLab.BitLocker]::BackupToAd($w.DeviceID, $Bound.KeyProtectorId, $null)
        if ($r -eq 1) {
            return @(
                2150694956, (
                    'Group Policy does not permit the storage of recovery information to Active ' +
                        'Directory. The operation was not attempted.'
                )
            )
        }
        if ($r) { return @($r, 'The specified domain either does not exist or could not be contacted.') }
    }
}

function Invoke-BackupToAADBitLockerKeyProtector($Cmdlet, $Bound) {
    Edit-FveVolume $Cmdlet $Bound {
        param($state, $w)
        $join = @($state.registry.Keys |
            Where-Object { $_ -like 'HKLM\SYSTEM\CurrentControlSet\Control\CloudDomainJoin\JoinInfo\*' })
        if (-not $join -or [WindowsLab.Lab]::Token -eq 'network') {
            return @(2149056522, 'The device is not joined to the cloud domain.')
        }
        if ($null -eq $w.bitlocker.escrow) { $w.bitlocker['escrow'] = New-LabList @() }
        $w.bitlocker.escrow.Add((New-LabMap @{
            protector = $Bound.KeyProtectorId
            target = 'AAD'
            utc = [WindowsLab.Lab]::Iso([WindowsLab.Lab]::UtcNow)
        }))
        [WindowsLab.BitLocker]::Record($state, $w, $Bound.KeyProtectorId, 845, 4)
    }
}
