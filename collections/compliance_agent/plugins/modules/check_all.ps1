#!powershell

# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._Probe
#AnsibleRequires -PowerShell ..module_utils._System
#AnsibleRequires -PowerShell ..module_utils._Event
#AnsibleRequires -PowerShell ..module_utils._HostFact
#AnsibleRequires -PowerShell ..module_utils._FactDocument
#AnsibleRequires -PowerShell ..module_utils._PatchingAgent
#AnsibleRequires -PowerShell ..module_utils._Patching
#AnsibleRequires -PowerShell ..module_utils._AvEdr
#AnsibleRequires -PowerShell ..module_utils._BackupWsb
#AnsibleRequires -PowerShell ..module_utils._Backup
#AnsibleRequires -PowerShell ..module_utils._LoggingAudit
#AnsibleRequires -PowerShell ..module_utils._LoggingEvent
#AnsibleRequires -PowerShell ..module_utils._Logging
#AnsibleRequires -PowerShell ..module_utils._Firewall
#AnsibleRequires -PowerShell ..module_utils._Encryption

Set-StrictMode -Version 3.0

# policy, rules_dir and fail_on are for the action plugin, which judges the facts.
$spec = @{
    options = @{
        checks = @{
            type = 'list'
            elements = 'str'
            choices = @('patching', 'av_edr', 'backup', 'logging', 'firewall', 'encryption')
            default = @('patching', 'av_edr', 'backup', 'logging', 'firewall', 'encryption')
        }
        collect = @{ type = 'dict'; default = @{} }
        policy = @{ type = 'dict'; default = @{} }
        rules_dir = @{ type = 'str' }
        fail_on = @{ type = 'list'; elements = 'str'; default = @(); choices = @('WARNING', 'ERROR', 'FAIL') }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$all = [ordered]@{
    patching = 'Get-HipaaPatchingFact'
    av_edr = 'Get-HipaaAvEdrFact'
    backup = 'Get-HipaaBackupFact'
    logging = 'Get-HipaaLoggingFact'
    firewall = 'Get-HipaaFirewallFact'
    encryption = 'Get-HipaaEncryptionFact'
}
$collectors = [ordered]@{}
foreach ($check in $all.Keys) {
    if ($module.Params.checks -contains $check) { $collectors[$check] = $all[$check] }
}
$module.Result.facts = Get-HipaaFactDocument -Collector $collectors -Collect $module.Params.collect
$module.ExitJson()
