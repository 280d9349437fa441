// SPDX-License-Identifier: GPL-3.0-or-later
// Runs one task in a fresh runspace, as Ansible's module_wrapper.ps1 does on a Windows host: the
// same order of steps, the same failure JSON, everything that is written kept as it was written.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Runtime.ExceptionServices;
using System.Text;
using System.Threading;

namespace LabEngine
{
    /// <summary>What one task wrote and how it ended.</summary>
    public sealed class Outcome
    {
        public StringBuilder Out = new StringBuilder();
        public StringBuilder Err = new StringBuilder();
        public int ExitCode;
    }

    /// <summary>One script of a task: the name shows in stack traces.</summary>
    public sealed class NamedScript
    {
        public string Name;
        public string Text;
    }

    public sealed class Task
    {
        public const string ModuleKind = "module";
        public const string ScriptKind = "script";
        public const string RawKind = "raw";
        // Windows PowerShell without a console formats to 80 columns; wide enough not to cut data.
        private const int RawWidth = 200;
        // As pipeline threads have: PowerShell recurses deeply.
        private const int StackBytes = 16 * 1024 * 1024;

        public string Kind;
        public NamedScript Script;
        public List<NamedScript> Modules = new List<NamedScript>();
        public object Arguments;
        public string Prologue;
        public CultureInfo Culture;

        private readonly Outcome outcome = new Outcome();

        public Outcome Run()
        {
            // A thread of its own: it and the threads that it starts have the culture of the host.
            ExceptionDispatchInfo failure = null;
            var thread = new Thread(
                () =>
                {
                    try { RunHere(); }
                    catch (Exception error) { failure = ExceptionDispatchInfo.Capture(error); }
                },
                StackBytes);
            thread.CurrentCulture = Culture;
            thread.CurrentUICulture = Culture;
            thread.Start();
            thread.Join();
            if (failure != null) { failure.Throw(); }
            return outcome;
        }

        private void RunHere()
        {
            var host = new Host(Culture, outcome);
            using (var runspace = RunspaceFactory.CreateRunspace(host))
            {
                runspace.ThreadOptions = PSThreadOptions.UseCurrentThread;
                runspace.Open();
                if (!string.IsNullOrEmpty(Prologue)) { Prepare(runspace); }
                Invoke(runspace, host);
            }
        }

        // The simulated host comes first: a failure here is the lab's and not the module's.
        private void Prepare(Runspace runspace)
        {
            using (var shell = PowerShell.Create())
            {
                shell.Runspace = runspace;
                shell.AddScript(Prologue).Invoke();
                if (shell.Streams.Error.Count > 0)
                {
                    throw new InvalidOperationException("lab: the simulated host did not start: " + shell.Streams.Error[0]);
                }
            }
        }

        private void Invoke(Runspace runspace, Host host)
        {
            var original = Console.Out;
            var captured = new StringWriter(outcome.Out, CultureInfo.InvariantCulture);
            using (var shell = PowerShell.Create())
            {
                shell.Runspace = runspace;
                Build(shell);
                // Threads of the module may still write when the task has ended.
                Console.SetOut(TextWriter.Synchronized(captured));
                ICollection<PSObject> output = new PSObject[0];
                bool isThrown = false;
                try
                {
                    output = shell.Invoke();
                }
                catch (RuntimeException error)
                {
                    isThrown = true;
                    outcome.Out.Clear();
                    WriteFailure(error.ErrorRecord);
                }
                finally
                {
                    Console.SetOut(original);
                }
                foreach (var item in output) { WriteLine(item == null ? "" : item.ToString()); }
                Finish(shell, host, isThrown);
            }
        }

        private void Build(PowerShell shell)
        {
            if (Kind == RawKind)
            {
                shell.AddScript(Script.Text).AddCommand("Out-String")
                    .AddParameter("Stream").AddParameter("Width", RawWidth);
                return;
            }
            if (Kind == ModuleKind)
            {
                shell.Runspace.SessionStateProxy.SetVariable("ErrorActionPreference", "Stop");
                shell.AddCommand("Set-Variable").AddParameter("Name", "complex_args")
                    .AddParameter("Value", Arguments).AddParameter("Scope", "Global").AddStatement();
            }
            shell.AddScript("Function Write-Host($msg) { Write-Output -InputObject $msg }").AddStatement();
            foreach (var module in Modules)
            {
                shell.AddCommand("New-Module")
                    .AddParameter("Name", Path.GetFileNameWithoutExtension(module.Name))
                    .AddParameter("ScriptBlock", Parse(module))
                    .AddCommand("Import-Module").AddParameter("WarningAction", "SilentlyContinue")
                    .AddParameter("Scope", "Global").AddStatement();
            }
            shell.AddScript("${function:<AnsibleModule>} = $args[0]").AddArgument(Parse(Script)).AddStatement();
            shell.AddCommand("<AnsibleModule>", false);
        }

        private static ScriptBlock Parse(NamedScript script)
        {
            ParseError[] errors;
            Token[] tokens;
            var ast = Parser.ParseInput(script.Text, script.Name, out tokens, out errors);
            if (errors.Length > 0)
            {
                throw new RuntimeException(
                    "Failed to parse script '" + script.Name + "'\n" + string.Join("\n", errors.Select(e => e.ToString())));
            }
            return ast.GetScriptBlock();
        }

        private void Finish(PowerShell shell, Host host, bool isThrown)
        {
            if (isThrown && Kind != RawKind)
            {
                outcome.ExitCode = 1;
                return;
            }
            var last = shell.Runspace.SessionStateProxy.GetVariable("LASTEXITCODE");
            bool isKnown = last != null || host.ExitCode != null;
            outcome.ExitCode = last != null ? Convert.ToInt32(last) : host.ExitCode ?? 0;
            foreach (var error in shell.Streams.Error)
            {
                WriteFailure(error);
                if (!isKnown && Kind != ScriptKind) { outcome.ExitCode = 1; }
                if (Kind == ModuleKind) { return; }
            }
            if (isThrown && !isKnown) { outcome.ExitCode = 1; }
        }

        // Write-AnsibleErrorDetail of module_wrapper.ps1.
        private void WriteFailure(ErrorRecord record)
        {
            var text = new List<string> { record.ToString() };
            if (!record.FullyQualifiedErrorId.StartsWith("NativeCommandError", StringComparison.Ordinal))
            {
                text.Add(record.InvocationInfo == null ? "" : record.InvocationInfo.PositionMessage);
                text.Add("+ CategoryInfo          : " + record.CategoryInfo);
                text.Add("+ FullyQualifiedErrorId : " + record.FullyQualifiedErrorId);
                text.Add("");
                text.Add("ScriptStackTrace:");
                text.Add(record.ScriptStackTrace ?? "");
                if (!string.IsNullOrEmpty(record.Exception.StackTrace)) { text.Add(record.Exception.StackTrace); }
            }
            string exception = string.Join(Environment.NewLine, text);
            if (Kind != ModuleKind)
            {
                outcome.Err.Append(exception).Append('\n');
                return;
            }
            WriteLine(Json.Write(new Dictionary<string, object>
            {
                { "failed", true },
                { "msg", "Unhandled exception while executing module: " + record },
                { "exception", exception },
            }));
        }

        private void WriteLine(string text)
        {
            outcome.Out.Append(text).Append("\r\n");
        }
    }
}
