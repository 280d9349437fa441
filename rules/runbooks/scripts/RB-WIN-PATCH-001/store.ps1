# SPDX-License-Identifier: GPL-3.0-or-later
# 0x80073712 and 0x800F081F say that files of the component store are missing: no second try helps before they
# are fetched again. DISM takes up to half an hour, so nobody else has to wait for it.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$searcher = (New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher()
$total = $searcher.GetTotalHistoryCount()
$since = (Get-Date).ToUniversalTime().AddDays(-30)
$codes = @(if ($total -gt 0) {
        $list = $searcher.QueryHistory(0, [math]::Min(50, $total))
        for ($index = 0; $index -lt $list.Count; $index++) {
            $entry = $list.Item($index)
            if ($entry.Date -ge $since -and $entry.ResultCode -notin 2, 3) { '0x{0:X8}' -f ([long]$entry.HResult -band 0xFFFFFFFFL) }
        }
    })
$text = "*[System[Provider[@Name='Microsoft-Windows-WindowsUpdateClient'] and (EventID=20)]]"
try {
    $records = @(Get-WinEvent -LogName System -FilterXPath $text -MaxEvents 50 -ErrorAction Stop)
}
catch {
    if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound*') { throw }
    $records = @()
}
# A failure starts with its error code.
$codes += @($records | Where-Object { $_.TimeCreated.ToUniversalTime() -ge $since } | ForEach-Object {
        '0x{0:X8}' -f ([long]$_.Properties[0].Value -band 0xFFFFFFFFL)
    })
if (@($codes | Where-Object { $_ -in '0x80073712', '0x800F081F' }).Count -eq 0) {
    return [ordered]@{ changed = $false; note = 'store_not_to_blame'; saved = [ordered]@{} }
}
$answer = Invoke-HipaaNative -Name dism.exe -ArgumentList '/Online /Cleanup-Image /RestoreHealth' -TimeoutSeconds 2700
# 3010: it needs a restart to finish, which comes anyway.
if ($answer.exit_code -notin 0, 3010) {
    throw [System.Runtime.InteropServices.COMException]::new('DISM could not mend the component store.', $answer.exit_code)
}
[ordered]@{ changed = $true; note = 'store_mended'; saved = [ordered]@{} }
