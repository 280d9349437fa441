# SPDX-License-Identifier: GPL-3.0-or-later
# The provider works in the service of Defender: as the system, with the proxy and the sources of the host.
param ([System.Collections.IDictionary]$Parameter, [System.Collections.IDictionary]$Saved)

$before = Get-HipaaDefenderState
try {
    Update-MpSignature -ErrorAction Stop
}
catch {
    # RPC_S_CALL_FAILED: the engine was exchanged while it was asked. A minute later it answers.
    if ((Get-HipaaErrorCode -ErrorRecord $_) -ne '0x800706BE') { throw }
    Start-Sleep -Seconds 60
    Update-MpSignature -ErrorAction Stop
}
$after = Get-HipaaDefenderState
$changed = $after.signature_version -ne $before.signature_version -or $after.engine_version -ne $before.engine_version
[ordered]@{
    changed = $changed
    note = if ($changed) { 'definitions_fetched' } else { 'nothing_newer_seen' }
    saved = [ordered]@{ signature_version = $before.signature_version; engine_version = $before.engine_version }
}
