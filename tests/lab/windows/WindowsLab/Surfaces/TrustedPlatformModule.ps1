# SPDX-License-Identifier: GPL-3.0-or-later

function Invoke-GetTpm($Cmdlet, $Bound) {
    if (-not [WindowsLab.Lab]::IsElevated) {
        $Cmdlet.ThrowTerminatingError(
            (New-LabErrorRecord ([UnauthorizedAccessException]::new(
                'Administrator privilege is required to execute this command.'
            )) 'Microsoft.Tpm.Commands.TpmWmiException' 'PermissionDenied' $null)
        )
    }
    $failure = Get-LabCimFailure $Cmdlet 'root/CIMV2/Security/MicrosoftTpm' 'Win32_Tpm'
    if ($failure) {
        Write-LabCimError $Cmdlet $failure $null
        return
    }
    $t = @([WindowsLab.Cim]::Instances('root/CIMV2/Security/MicrosoftTpm', 'Win32_Tpm'))[0]
    $on = $null -ne $t
    $output = [pscustomobject][ordered]@{
        TpmPresent = $on
        TpmReady = [bool]($on -and
            $t.ready)
        TpmEnabled = [bool]($on -and
            $t.IsEnabled_InitialValue)
        TpmActivated = [bool]($on -and
            $t.IsActivated_InitialValue)
        TpmOwned = [bool]($on -and
            $t.IsOwned_InitialValue)
        RestartPending = $false
        ManufacturerId = $(if ($on) { [uint32]1297303124 })
        ManufacturerIdTxt = $t.ManufacturerIdTxt
        ManufacturerVersion = $t.ManufacturerVersion
        ManagedAuthLevel = 'Full'
        OwnerAuth = ''
        OwnerClearDisabled = $false
        AutoProvisioning = 'Enabled'
        LockedOut = $false
        SelfTest = $null
    }
    $output.PSObject.TypeNames.Insert(0, 'Microsoft.Tpm.Commands.TpmObject')
    $output
}

function Invoke-InitializeTpm($Cmdlet, $Bound) {
    if ($null -eq [WindowsLab.Lab]::Load().tpm) {
        Write-LabError $Cmdlet ([System.Runtime.InteropServices.COMException]::new(
            'A compatible Trusted Platform Module (TPM) Security Device cannot be found on this computer.',
            -2144862200
        )) 'Microsoft.Tpm.Commands.TpmWmiException' 'ObjectNotFound' $null
        return
    }
    Invoke-LabEdit $Cmdlet $Bound {
        param($state)
        $state.tpm['ready'] = $true
        $state.tpm['IsOwned_InitialValue'] = $true
    }
    [pscustomobject]@{
        TpmReady = $true
        RestartRequired = $false
        ShutdownRequired = $false
        ClearRequired = $false
        PhysicalPresenceRequired = $false
    }
}
