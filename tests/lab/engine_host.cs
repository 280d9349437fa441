// SPDX-License-Identifier: GPL-3.0-or-later
// The PowerShell host of a task: no console, nobody to answer, the culture of the simulated Windows.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace LabEngine
{
    /// <summary>A host without a console that has the culture of the simulated Windows.</summary>
    public sealed class Host : PSHost
    {
        private readonly Guid id = Guid.NewGuid();
        private readonly CultureInfo culture;
        private readonly UserInterface ui;
        public int? ExitCode;

        public Host(CultureInfo culture, Outcome outcome)
        {
            this.culture = culture;
            ui = new UserInterface(outcome);
        }

        public override CultureInfo CurrentCulture { get { return culture; } }
        public override CultureInfo CurrentUICulture { get { return culture; } }
        public override Guid InstanceId { get { return id; } }
        public override string Name { get { return "ServerRemoteHost"; } }
        public override PSHostUserInterface UI { get { return ui; } }
        public override Version Version { get { return new Version(5, 1); } }
        public override void EnterNestedPrompt() { throw new NotImplementedException(); }
        public override void ExitNestedPrompt() { throw new NotImplementedException(); }
        public override void NotifyBeginApplication() { }
        public override void NotifyEndApplication() { }
        public override void SetShouldExit(int exitCode) { ExitCode = exitCode; }
    }

    /// <summary>Nobody is there to answer; what is written is kept.</summary>
    public sealed class UserInterface : PSHostUserInterface
    {
        private readonly Outcome outcome;

        public UserInterface(Outcome outcome) { this.outcome = outcome; }

        public override PSHostRawUserInterface RawUI { get { return null; } }
        public override void Write(string value) { outcome.Out.Append(value); }
        public override void Write(ConsoleColor foreground, ConsoleColor background, string value) { Write(value); }
        public override void WriteLine(string value) { outcome.Out.Append(value).Append("\r\n"); }
        public override void WriteErrorLine(string value) { outcome.Err.Append(value).Append('\n'); }
        public override void WriteDebugLine(string message) { }
        public override void WriteProgress(long sourceId, ProgressRecord record) { }
        public override void WriteVerboseLine(string message) { }
        public override void WriteWarningLine(string message) { }

        public override string ReadLine() { throw NotInteractive(); }
        public override System.Security.SecureString ReadLineAsSecureString() { throw NotInteractive(); }

        public override Dictionary<string, PSObject> Prompt(
            string caption, string message, System.Collections.ObjectModel.Collection<FieldDescription> descriptions)
        {
            throw NotInteractive();
        }

        public override int PromptForChoice(
            string caption, string message, System.Collections.ObjectModel.Collection<ChoiceDescription> choices, int defaultChoice)
        {
            throw NotInteractive();
        }

        public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName)
        {
            throw NotInteractive();
        }

        public override PSCredential PromptForCredential(
            string caption, string message, string userName, string targetName,
            PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options)
        {
            throw NotInteractive();
        }

        private static Exception NotInteractive()
        {
            return new HostException("PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.");
        }
    }
}
