# SPDX-License-Identifier: GPL-3.0-or-later
# What is here already is not fetched again.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$query = @{ Online = $true; CategoryId = $Parameter.category_ids; ExceptId = $Parameter.except_category_ids }
$offered = Get-HipaaOfferedUpdate @query
$wanted = New-Object -ComObject Microsoft.Update.UpdateColl
foreach ($update in $offered.updates) {
    if (-not $update.EulaAccepted) { [void]$update.AcceptEula() }
    if (-not $update.IsDownloaded) { [void]$wanted.Add($update) }
}
if ($wanted.Count -gt 0) {
    $downloader = (New-Object -ComObject Microsoft.Update.Session).CreateUpdateDownloader()
    $downloader.Updates = $wanted
    $result = $downloader.Download()
    # 2 succeeded; 3 with errors: the others can be installed. Why it failed is said of each update, not of all.
    if ($result.ResultCode -notin 2, 3) {
        $number = $result.HResult
        for ($index = 0; $index -lt $wanted.Count; $index++) {
            $one = $result.GetUpdateResult($index)
            if ($one.ResultCode -notin 2, 3) {
                $number = $one.HResult
                break
            }
        }
        throw [System.Runtime.InteropServices.COMException]::new('The download failed.', $number)
    }
}
[ordered]@{
    changed = $wanted.Count -gt 0
    note = if ($wanted.Count -gt 0) { 'downloaded' } else { 'here_already' }
    saved = [ordered]@{ offered = $offered.ids }
}
