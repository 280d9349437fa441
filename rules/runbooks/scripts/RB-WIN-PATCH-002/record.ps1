# SPDX-License-Identifier: GPL-3.0-or-later
# What runs, with what leans on it, and the name that the database gets if it is set aside: the way back must not
# depend on a step that failed, nor on one whose answer nobody heard.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$running = @(foreach ($name in 'wuauserv', 'BITS') {
        if ((Get-HipaaService -Name $name).state -eq 'Stopped') { continue }
        $name
        Get-Service -Name $name -DependentServices -ErrorAction Stop | Where-Object { [int]$_.Status -eq 4 } | ForEach-Object { $_.Name }
    })
$culture = [System.Globalization.CultureInfo]::InvariantCulture
$aside = "SoftwareDistribution.hipaa-$((Get-Date).ToUniversalTime().ToString('yyyyMMddHHmmss', $culture))"
[ordered]@{ changed = $false; note = 'services_noted'; saved = [ordered]@{ running = $running; aside = $aside } }
