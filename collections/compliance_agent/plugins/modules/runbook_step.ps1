#!powershell

# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._RunbookScript

Set-StrictMode -Version 3.0

# attempt_id and rules_dir are for the action plugin, which finds the script by them.
$spec = @{
    options = @{
        attempt_id = @{ type = 'str' }
        runbook_id = @{ type = 'str' }
        phase = @{ type = 'str'; required = $true; choices = @('precondition', 'step', 'rollback', 'validation') }
        step_id = @{ type = 'int'; default = 0 }
        parameters = @{ type = 'dict'; default = @{} }
        saved = @{ type = 'dict'; default = @{} }
        rules_dir = @{ type = 'str' }
        script = @{ type = 'str' }
        timeout_seconds = @{ type = 'int'; default = 60 }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$changes = $module.Params.phase -in @('step', 'rollback')
if ($module.CheckMode -and $changes) { $module.ExitJson() }
$call = @{
    Text = $module.Params.script
    TimeoutSeconds = $module.Params.timeout_seconds
    Parameter = $module.Params.parameters
    Saved = $module.Params.saved
}
$module.Result.runbook_script = Invoke-HipaaRunbookScript @call
$module.ExitJson()
