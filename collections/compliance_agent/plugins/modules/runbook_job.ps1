#!powershell

# Copyright (c) 2026 Compliance Agent team
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#AnsibleRequires -CSharpUtil Ansible.Basic
#AnsibleRequires -PowerShell ..module_utils._System
#AnsibleRequires -PowerShell ..module_utils._RunbookJob

Set-StrictMode -Version 3.0

# attempt_id, grace_seconds and rules_dir are for the action plugin, which finds the folder by them.
$spec = @{
    options = @{
        attempt_id = @{ type = 'str' }
        grace_seconds = @{ type = 'int'; default = 60 }
        rules_dir = @{ type = 'str' }
        folder = @{ type = 'str' }
        remove = @{ type = 'bool'; default = $false }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$folder = [Environment]::ExpandEnvironmentVariables($module.Params.folder)
if ($module.Params.remove -and -not $module.CheckMode) { Remove-HipaaRunbookJob -Folder $folder }
$module.Result.jobs = @(Get-HipaaRunbookJob -Folder $folder)
$module.ExitJson()
