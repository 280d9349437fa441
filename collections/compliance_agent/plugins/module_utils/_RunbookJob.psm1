# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Internal to hipaa.compliance_agent; it may change in any release.
# Reads what Ansible's async wrapper keeps of a detached script, and whether its process still runs.
#AnsibleRequires -PowerShell ..module_utils._System
Set-StrictMode -Version 3.0

# What a creation time on NTFS and one of WMI may differ by.
$script:SlackSeconds = 2

function Get-HipaaRunbookJob {
    <#
    .SYNOPSIS
    Returns the jobs of a folder, the oldest first: id, text of the result file or an empty one, is_alive or null.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.IDictionary])]
    param ([Parameter(Mandatory)][string]$Folder)

    if (-not [System.IO.Directory]::Exists($Folder)) { return }
    $files = @([System.IO.Directory]::GetFiles($Folder) | Sort-Object -Property { [System.IO.File]::GetCreationTimeUtc($_) })
    foreach ($file in $files) {
        # The process before the text: a job that ended in between has written its result.
        $isAlive = Test-JobAlive -Path $file
        [ordered]@{ id = [System.IO.Path]::GetFileName($file); text = Get-JobText -Path $file; is_alive = $isAlive }
    }
}

function Remove-HipaaRunbookJob {
    <#
    .SYNOPSIS
    Removes a folder of jobs that have ended.
    #>
    [CmdletBinding(SupportsShouldProcess)]
    param ([Parameter(Mandatory)][string]$Folder)

    if ([System.IO.Directory]::Exists($Folder) -and $PSCmdlet.ShouldProcess($Folder)) {
        [System.IO.Directory]::Delete($Folder, $true)
    }
}

function Get-JobText {
    [CmdletBinding()]
    [OutputType([string])]
    param ([Parameter(Mandatory)][string]$Path)

    # Not [IO.File]: it would lock the file, and the result could not be written at that moment.
    try { $text = Get-Content -LiteralPath $Path -Raw -Encoding UTF8 -ErrorAction Stop } catch { $text = '' }
    # An empty file gives nothing, which a cast leaves as it is.
    "$text"
}

function Test-JobAlive {
    [CmdletBinding()]
    [OutputType([bool])]
    param ([Parameter(Mandatory)][string]$Path)

    $text = Get-JobText -Path $Path
    if ($text -notmatch '"ansible_async_watchdog_pid":\s*(?<id>\d+)') { return $null }
    try { $found = @(Get-HipaaCimInstance -ClassName Win32_Process -Filter "ProcessId=$($Matches.id)") } catch { return $null }
    if ($found.Count -eq 0) { return $false }
    # Ids are used again, after a restart at the latest. A process that is younger than the file is another one.
    $born = $found[0].CreationDate
    if ($null -eq $born) { return $null }
    $latest = [System.IO.File]::GetCreationTimeUtc($Path).AddSeconds($script:SlackSeconds)
    $born.ToUniversalTime() -le $latest
}

Export-ModuleMember -Function 'Get-HipaaRunbookJob', 'Remove-HipaaRunbookJob'
