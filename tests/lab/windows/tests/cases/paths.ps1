# state: healthy-2022-member
# SPDX-License-Identifier: GPL-3.0-or-later
# .NET's file classes see the same C: as the provider.

Check 'file' ([IO.File]::Exists('C:\Windows\System32\auditpol.exe')) $true
Check 'no file' ([IO.File]::Exists('C:\Windows\System32\nope.exe')) $false
Check 'folder' ([IO.Directory]::Exists('C:\Windows\System32')) $true
Check 'slash' ([System.IO.Directory]::Exists('C:/Windows/System32')) $true
Check 'other drive' ([IO.Directory]::Exists('D:\')) $false
Check 'drive root' ([IO.Directory]::Exists('C:\')) $true
[IO.File]::WriteAllText('C:\Windows\Temp\a.txt', "one`ntwo")
Check 'provider sees it' (Get-Content C:\Windows\Temp\a.txt)[1] 'two'
Check 'text' ([IO.File]::ReadAllText('C:\Windows\Temp\a.txt')) "one`ntwo"
Check 'lines' ([IO.File]::ReadAllLines('C:\Windows\Temp\a.txt').Count) 2
Check 'encoding' ([IO.File]::ReadAllText('C:\Windows\Temp\a.txt', [Text.Encoding]::UTF8).Length) 7
[IO.File]::Copy('C:\Windows\Temp\a.txt', 'C:\Windows\Temp\b.txt')
Check 'files' ([IO.Directory]::GetFiles('C:\Windows\Temp', 'b*') -join ',') 'C:\Windows\Temp\b.txt'
[IO.File]::Delete('C:\Windows\Temp\b.txt')
Check 'deleted' (Test-Path C:\Windows\Temp\b.txt) $false
$null = [IO.Directory]::CreateDirectory('C:\ProgramData\lab\x')
Check 'created' (Test-Path C:\ProgramData\lab\x) $true
[IO.Directory]::Delete('C:\ProgramData\lab', $true)
Check 'removed' ([IO.Directory]::Exists('C:\ProgramData\lab')) $false
Check 'names in any case' ([IO.Directory]::Exists('c:\WINDOWS\system32\logfiles\FIREWALL')) $true
Check 'what is added to SystemRoot' ([IO.Directory]::Exists("$env:SystemRoot\system32\LogFiles")) $true
Check 'another name' ([IO.Directory]::Exists('C:\Windows\System32\LogFile')) $false
Check 'real paths are left alone' ([IO.File]::Exists($env:LAB_STATE)) $true
Check 'file name' ([IO.Path]::GetFileName('C:\a\b.txt')) 'b.txt'
Check 'extension' ([IO.Path]::GetExtension('C:\a.b\c.evtx')) '.evtx'
Check 'folder name' ([IO.Path]::GetDirectoryName('C:\a\b.txt')) 'C:\a'
Check 'folder of a root' ([IO.Path]::GetDirectoryName('C:\')) $null
Check 'rooted' ([IO.Path]::IsPathRooted('C:\a')) $true
Check 'combine' ([IO.Path]::Combine('C:\a', 'b', 'c.txt')) 'C:\a\b\c.txt'
Check 'combine rooted' ([IO.Path]::Combine('C:\a', '/tmp')) '/tmp'
Check 'combine here' ([IO.Path]::Combine('/a', 'b')) '/a/b'
$file = [IO.Path]::GetTempFileName()
Check 'temporary file' ([IO.File]::Exists($file)) $true
Check 'in the temporary folder of the host' ([IO.Path]::GetDirectoryName($file)) $env:TEMP
$null = auditpol.exe /backup "/file:$file"
Check 'native tools write it' ([IO.File]::ReadAllLines($file)[1].Split(',')[6]) 1
[IO.File]::Delete($file)
Check 'gone' ([IO.File]::Exists($file)) $false
