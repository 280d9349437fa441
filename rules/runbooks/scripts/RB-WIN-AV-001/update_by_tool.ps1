# SPDX-License-Identifier: GPL-3.0-or-later
# The tool goes through the list of sources by itself, where the provider stops at the first that answers.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$now = Get-HipaaDefenderState
$isFresh = $null -ne $now.signature_age_days -and $now.signature_age_days -le $Parameter.signature_age_max_days
if ($isFresh -and ($null -eq $now.engine_age_days -or $now.engine_age_days -le $Parameter.engine_age_max_days)) {
    return [ordered]@{ changed = $false; note = 'not_needed'; saved = [ordered]@{} }
}
# Each platform update brings a folder of its own, 4.18.25090.3009-0; the old ones stay for a while.
$platforms = Join-Path -Path $env:ProgramData -ChildPath 'Microsoft\Windows Defender\Platform'
$versioned = @(Get-ChildItem -LiteralPath $platforms -Directory -ErrorAction SilentlyContinue |
        Where-Object { $_.Name -match '^\d+(\.\d+){3}' } |
        Sort-Object -Descending -Property { [version]$_.Name.Split('-')[0] } |
        ForEach-Object { $_.FullName })
$folders = $versioned + (Join-Path -Path $env:ProgramFiles -ChildPath 'Windows Defender')
$tool = $null
foreach ($folder in $folders) {
    $path = Join-Path -Path $folder -ChildPath 'MpCmdRun.exe'
    if ($null -eq $tool -and (Test-Path -LiteralPath $path -PathType Leaf)) { $tool = $path }
}
if ($null -eq $tool) { throw [System.IO.FileNotFoundException]::new('MpCmdRun.exe is in no folder of Defender') }

$start = [System.Diagnostics.ProcessStartInfo]::new()
$start.FileName = $tool
$start.Arguments = '-SignatureUpdate'
$start.UseShellExecute = $false
$start.CreateNoWindow = $true
$start.RedirectStandardOutput = $true
$process = [System.Diagnostics.Process]::Start($start)
# Its text is translated; it is drained, since a full pipe would stop the tool.
$noise = $process.StandardOutput.ReadToEndAsync()
if (-not $process.WaitForExit(600000)) {
    $process.Kill()
    throw [System.TimeoutException]::new('MpCmdRun gave no answer within 600 s.')
}
[void]$noise.Result
if ($process.ExitCode -ne 0) { throw [System.ComponentModel.Win32Exception]::new($process.ExitCode) }
[ordered]@{ changed = $true; note = 'definitions_fetched'; saved = [ordered]@{} }
