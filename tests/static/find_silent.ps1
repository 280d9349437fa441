# SPDX-License-Identifier: GPL-3.0-or-later
# Names functions whose answer stands in a hashtable and that may end without one: PowerShell keeps
# "nothing" there, and the document gets an empty object where null belongs.
using namespace System.Management.Automation.Language
$ErrorActionPreference = 'Stop'
function Find-Node($Tree, [type]$Kind) { $Tree.FindAll({ param ($node) $node -is $Kind }, $true) }
$functions = @{}
$names = @(foreach ($path in ($env:FILES_TO_PARSE -split "`n")) {
        $tree = [Parser]::ParseFile($path, [ref]$null, [ref]$null)
        foreach ($item in Find-Node $tree FunctionDefinitionAst) { $functions[$item.Name] = $item.Body }
        foreach ($value in (Find-Node $tree HashtableAst).KeyValuePairs.Item2) {
            if ($value -is [IfStatementAst] -and -not $value.ElseClause) { "if without else: $value" }
            $commands = @($value)
            if ($value -is [IfStatementAst]) {
                $commands = @(@($value.Clauses.Item2) + $value.ElseClause | ForEach-Object { $_.Statements[-1] })
            }
            foreach ($command in $commands) {
                $last = @($command.PipelineElements)[-1]
                if ($last -is [CommandAst]) { $last.GetCommandName() }
            }
        }
    })
foreach ($name in $names | Sort-Object -Unique) {
    $body = $functions[$name]
    if ($null -eq $body) { if ($name -like 'if *') { $name }; continue }
    $last = $body.EndBlock.Statements[-1]
    $answers = $last -is [PipelineAst] -or $last -is [ReturnStatementAst] -or $last -is [ThrowStatementAst] -or
    $last.ElseClause
    $bare = @(Find-Node $body ReturnStatementAst | Where-Object { $null -eq $_.Pipeline })
    if (-not $answers -or $bare.Count -gt 0) { $name }
}
