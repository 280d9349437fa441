# SPDX-License-Identifier: GPL-3.0-or-later
"""What our PowerShell must not do, and why. Names are lower case.

Each reason ends in what to write instead. Sources: Microsoft's reference of PowerShell 5.1 and 7,
"Differences between Windows PowerShell 5.1 and PowerShell 7.x", and the pages of each command.
"""

# Only PowerShell 7 has these; hosts run Windows PowerShell 5.1.
SEVEN_ONLY_SYNTAX = {
    "null_coalesce_expression": "?? is PowerShell 7; compare with $null",
    "ternary_expression": "?: is PowerShell 7; use if and else",
    "??=": "??= is PowerShell 7; compare with $null",
    "&&": "&& is PowerShell 7; use if",
    "||": "|| is PowerShell 7; use if",
    "clean": "clean {} is PowerShell 7.3; use finally",
}
SEVEN_ONLY_COMMANDS = frozenset(
    "get-error get-uptime join-string remove-service test-json get-markdownoption "
    "convertfrom-markdown show-markdown set-markdownoption get-experimentalfeature "
    "enable-experimentalfeature disable-experimentalfeature switch-process".split()
)
SEVEN_ONLY_PARAMETERS = {
    "convertfrom-json": {"ashashtable", "depth", "noenumerate", "datekind"},
    "convertto-json": {"asarray", "enumsasstrings", "escapehandling"},
    "foreach-object": {"parallel", "throttlelimit", "timeoutseconds", "asjob"},
    "get-content": {"asbytestream"},
    "get-date": {"asutc", "unixtimeseconds"},
    "invoke-restmethod": {"skipcertificatecheck"},
    "invoke-webrequest": {"skipcertificatecheck"},
    "set-content": {"asbytestream"},
    "split-path": {"leafbase", "extension"},
}
SEVEN_ONLY_VALUES = {
    "automaticdelayedstart": "Set-Service of 5.1 does not know it; write DelayedAutostart",
    "utf8nobom": "5.1 does not know it; use [System.IO.File]::WriteAllText",
    "utf8bom": "5.1 does not know it; its utf8 writes a byte order mark",
    "suppresshashfilter": "Get-WinEvent of 5.1 does not know it; use -FilterXml",
}
SEVEN_ONLY_VARIABLES = frozenset({"$iswindows", "$islinux", "$ismacos", "$iscoreclr"})
SEVEN_ONLY_MEMBERS = {
    "convert::tohexstring": ".NET 5; use [System.BitConverter]::ToString",
    "convert::fromhexstring": ".NET 5; use [System.Convert]::ToByte(text, 16)",
    "datetime::unixepoch": ".NET Core 2.1; use [datetime]::new(...)",
    "security.cryptography.randomnumbergenerator::getbytes": ".NET 6; create an instance",
    "security.cryptography.sha256::hashdata": ".NET 5; create an instance",
    "io.filesystemaclextensions::getaccesscontrol": ".NET Core; use the object's own method",
}

# Windows has these, and they do harm.
FORBIDDEN_COMMANDS = {
    "invoke-expression": "runs text as code; call the command",
    "iex": "runs text as code; call the command",
    "write-host": "its text mixes with the result over WinRM; return a fact",
    "get-computerinfo": "takes 10 to 40 s; ask CIM for the one class",
    "get-wmiobject": "gone in PowerShell 7, no time limit; use Get-CimInstance",
    "invoke-wmimethod": "gone in PowerShell 7; use Invoke-CimMethod",
    "get-eventlog": "gone in PowerShell 7 and slow; use Get-WinEvent",
    "get-windowsupdatelog": "merges traces for minutes; read the update history",
    "start-sleep": "a collector waits for a source, never for time",
    "invoke-webrequest": "a collector does not leave its host",
    "invoke-restmethod": "a collector does not leave its host",
    "systeminfo": "translated text, slow; use CIM",
    "gpresult": "minutes on a slow domain; read the policy keys",
    "wmic": "removed from Windows 11 24H2; use Get-CimInstance",
    "netsh": "translated text; use CIM",
}
# Anywhere in a file, also in texts and comments that could become code.
FORBIDDEN_WORDS = {
    "win32_product": "asking it starts a repair of every installed MSI",
    "getkeyprotectornumericalpassword": "reads a recovery password; its type suffices",
    ".recoverypassword": "reads a recovery password; its type suffices",
    "getkeyprotectorexternalkey": "reads a recovery key; its type suffices",
    "msfve-recoverypassword": "reads a recovery password; the object's existence suffices",
}
# Anywhere in a script of a runbook: no repair may do this, whoever asks for it.
NEVER_AUTOMATIC = {
    "remove-wbbackupset": "deletes backups",
    "remove-wbpolicy": "deletes the schedule of the backups",
    "remove-wbcatalog": "deletes the catalogue of the backups",
    "delete shadows": "deletes shadow copies",
    "resize shadowstorage": "deletes shadow copies that no longer fit",
    "win32_shadowcopy": "a shadow copy is nothing to repair",
    "wbadmin": "can delete backups; use the cmdlets",
    "clear-eventlog": "clears a log",
    "remove-eventlog": "deletes a log",
    "clear-log": "clears a log",
    "clearlog": "clears a log",
    "'cl ": "wevtutil cl clears a log",
    "remove-bitlockerkeyprotector": "removes a key protector",
    "deletekeyprotector": "removes a key protector",
    "-protectors -delete": "removes a key protector",
    "disable-bitlocker": "decrypts a volume",
    "disablekeyprotectors": "suspends the protection of a volume",
    "uninstall-windowsfeature": "uninstalls protection",
    "disable-windowsoptionalfeature": "uninstalls a feature",
    "disablerealtimemonitoring $true": "turns protection off",
    "disablebehaviormonitoring $true": "turns protection off",
    "disableioavprotection $true": "turns protection off",
    "disablescriptscanning $true": "turns protection off",
    "add-mppreference": "adds an exclusion",
    "-exclusionpath": "adds an exclusion",
    "-removedefinitions": "removes the definitions of Defender",
    "format-volume": "erases a volume",
    "clear-disk": "erases a disk",
}
# A repair waits for what it has started; a collector never waits for time.
MAY_WAIT = frozenset({"_RepairRestart", "_RepairService"})
# Windows makes these; a script that sets them breaks itself in ways that differ by version.
RESERVED_VARIABLES = frozenset({"$profile", "$input", "$event", "$args", "$matches", "$error"})

# Commands of some versions only; their file asks Get-Command first. command: why we want it anyway.
GUARDED_COMMANDS: dict[str, str] = {
    "backuptoaad-bitlockerkeyprotector": "Windows Server 2016 and 2019 have no way to Entra ID",
}
