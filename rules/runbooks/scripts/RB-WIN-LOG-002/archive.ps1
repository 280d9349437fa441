# SPDX-License-Identifier: GPL-3.0-or-later
# The copy lies beside the log, where only administrators read, and is named by its last record: a second try
# finds it. It gets its name when it is whole.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

# What the logs do now is noted here, before anything changes: the way back must not depend on a step that failed.
$before = [ordered]@{}
$copied = @(foreach ($name in @($Parameter.stuck + $Parameter.retaining + $Parameter.disabled | Sort-Object -Unique)) {
        $log = Get-HipaaLogState -Name $name
        if ($log.exists) {
            # A change of mode writes this value, which need not have been there.
            $backup = Get-HipaaRegistryState -Path "SYSTEM\CurrentControlSet\Services\EventLog\$name" -Name AutoBackupLogFiles
            $before[$name] = [ordered]@{ mode = $log.mode; enabled = $log.enabled; backup = $backup }
        }
        if (-not $log.exists -or -not $log.full -or $log.mode -ne 2) { continue }
        $last = @(Get-WinEvent -LogName $name -MaxEvents 1 -ErrorAction Stop)[0].RecordId
        $folder = $log.file.Substring(0, $log.file.LastIndexOf('\'))
        $file = '{0}\Archive-{1}-hipaa-{2}.evtx' -f $folder, $name.Replace('/', '%4'), $last
        if ([System.IO.File]::Exists($file)) { continue }
        $draft = "$folder\Copying-hipaa-$last.evtx"
        [System.IO.File]::Delete($draft)
        Invoke-HipaaTool -Name wevtutil.exe -ArgumentList "epl `"$name`" `"$draft`"" -TimeoutSeconds 240
        [System.IO.File]::Move($draft, $file)
        $name
    })
[ordered]@{ changed = $copied.Count -gt 0; note = 'full_logs_copied'; saved = [ordered]@{ logs = $before } }
