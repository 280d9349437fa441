// SPDX-License-Identifier: GPL-3.0-or-later
// Service control manager and the *-Service cmdlets (parameters of 5.1).
#pragma warning disable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.ComponentModel;
using System.Linq;
using System.Management.Automation;
using System.ServiceProcess;
using WindowsLab;

namespace System.ServiceProcess
{
    public enum ServiceControllerStatus
    {
        Stopped = 1,
        StartPending,
        StopPending,
        Running,
        ContinuePending,
        PausePending,
        Paused,
    }

    public enum ServiceStartMode
    {
        Boot = 0,
        System = 1,
        Automatic = 2,
        Manual = 3,
        Disabled = 4,
    }
}

namespace Microsoft.PowerShell.Commands
{
    public class ServiceCommandException : SystemException
    {
        public string ServiceName { get; set; }

        public ServiceCommandException(string m, Exception i)
            : base(m, i) { }
    }

    public abstract class LabServiceBase : PSCmdlet
    {
        protected const string ByName = "Default";

        protected void Err(string id, ErrorCategory c, string name, string msg, Exception inner)
        {
            WriteError(new ErrorRecord(new ServiceCommandException(msg, inner) { ServiceName = name }, id, c, name));
        }

        protected IEnumerable<ServiceController> Match(
            string[] names,
            string[] display,
            string[] include,
            string[] exclude,
            ServiceController[] input
        )
        {
            string command = MyInvocation.MyCommand.Name;
            var fault = Faults.Meet(0, () => Stopping, "cmdlet:" + command);
            var record = Faults.CommandError(fault, command, false);
            if (record != null)
                ThrowTerminatingError(record);
            if (fault != null && fault.Type == "empty")
                return new ServiceController[0];
            var all = ServiceController
                .GetServices()
                .OrderBy(x => x.ServiceName, StringComparer.OrdinalIgnoreCase)
                .ToList();
            IEnumerable<ServiceController> r;
            if (input != null)
                r = input
                    .Select(x =>
                    {
                        x.Refresh();
                        return x;
                    })
                    .ToList();
            else if (display != null)
                r = Pick(all, display, x => x.DisplayName, "NoServiceFoundForGivenDisplayName", "display name");
            else if (names != null)
                r = Pick(all, names, x => x.ServiceName, "NoServiceFoundForGivenName", "service name");
            else
                r = all;
            return r.Where(IsReadable)
                .Where(x =>
                    (
                        include == null
                        || include.Any(i => new WildcardPattern(i, WildcardOptions.IgnoreCase).IsMatch(x.ServiceName))
                    )
                    && (
                        exclude == null
                        || !exclude.Any(i => new WildcardPattern(i, WildcardOptions.IgnoreCase).IsMatch(x.ServiceName))
                    )
                )
                .ToList();
        }

        bool IsReadable(ServiceController service)
        {
            var refusal = ServiceControl.Refusal(service.ServiceName);
            if (refusal == null)
                return true;
            Err(
                "CouldNotGetServiceInfo",
                refusal.NativeErrorCode == 5 ? ErrorCategory.PermissionDenied : ErrorCategory.ReadError,
                service.ServiceName,
                "Service '" + service.ServiceName + "' cannot be queried due to the following error: " + refusal.Message,
                refusal
            );
            return false;
        }

        List<ServiceController> Pick(
            List<ServiceController> all,
            string[] want,
            Func<ServiceController, string> by,
            string id,
            string what
        )
        {
            var r = new List<ServiceController>();
            foreach (var w in want)
            {
                var wp = new WildcardPattern(w, WildcardOptions.IgnoreCase);
                var h = all.Where(x => wp.IsMatch(by(x))).ToList();
                if (h.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(w))
                    Err(
                        id,
                        ErrorCategory.ObjectNotFound,
                        w,
                        "Cannot find any service with " + what + " '" + w + "'.",
                        null
                    );
                r.AddRange(h);
            }
            return r;
        }
    }

    [Cmdlet("Get", "Service", DefaultParameterSetName = "Default")]
    [OutputType(typeof(ServiceController))]
    public sealed class GetServiceCommand : LabServiceBase
    {
        [Parameter(
            Position = 0,
            ParameterSetName = "Default",
            ValueFromPipelineByPropertyName = true,
            ValueFromPipeline = true
        )]
        [Alias("ServiceName")]
        public string[] Name { get; set; }

        [Parameter(ValueFromPipelineByPropertyName = true)]
        [Alias("Cn")]
        public string[] ComputerName { get; set; }

        [Parameter]
        [Alias("DS")]
        public SwitchParameter DependentServices { get; set; }

        [Parameter]
        [Alias("SDO", "ServicesDependedOn")]
        public SwitchParameter RequiredServices { get; set; }

        [Parameter(Mandatory = true, ParameterSetName = "DisplayName")]
        public string[] DisplayName { get; set; }

        [Parameter]
        public string[] Include { get; set; }

        [Parameter]
        public string[] Exclude { get; set; }

        [Parameter(ParameterSetName = "InputObject", ValueFromPipeline = true)]
        public ServiceController[] InputObject { get; set; }

        protected override void ProcessRecord()
        {
            if (ComputerName != null)
                ThrowTerminatingError(
                    new ErrorRecord(
                        Lab.NotSimulated("Get-Service -ComputerName"),
                        "NotImplemented",
                        ErrorCategory.NotImplemented,
                        null
                    )
                );
            foreach (var s in Match(Name, DisplayName, Include, Exclude, InputObject))
            {
                if (DependentServices)
                    WriteObject(s.DependentServices, true);
                else if (RequiredServices)
                    WriteObject(s.ServicesDependedOn, true);
                else
                    WriteObject(s);
            }
        }
    }

    public abstract class LabServiceOperation : LabServiceBase
    {
        [Parameter(Mandatory = true, ParameterSetName = "DisplayName")]
        public string[] DisplayName { get; set; }

        [Parameter]
        public string[] Include { get; set; }

        [Parameter]
        public string[] Exclude { get; set; }

        [Parameter]
        public SwitchParameter PassThru { get; set; }

        [Parameter(Mandatory = true, Position = 0, ParameterSetName = "InputObject", ValueFromPipeline = true)]
        public ServiceController[] InputObject { get; set; }

        [Parameter(
            Mandatory = true,
            Position = 0,
            ParameterSetName = "Default",
            ValueFromPipelineByPropertyName = true,
            ValueFromPipeline = true
        )]
        [Alias("ServiceName")]
        public string[] Name { get; set; }

        protected bool Op(ServiceController s, string id, string verb, Action a)
        {
            try
            {
                a();
                s.Refresh();
                return true;
            }
            catch (Win32Exception e)
            {
                string dn = s.DisplayName;
                Err(
                    id,
                    e.NativeErrorCode == 5 ? ErrorCategory.PermissionDenied : ErrorCategory.OpenError,
                    s.ServiceName,
                    "Service '"
                        + dn
                        + " ("
                        + s.ServiceName
                        + ")' cannot be "
                        + verb
                        + " due to the following error: "
                        + (
                            verb == "started"
                                ? "Cannot start service " + s.ServiceName + " on computer '.'."
                                : "Cannot stop " + s.ServiceName + " service on computer '.'."
                        ),
                    new InvalidOperationException(
                        "Cannot "
                            + (verb == "started" ? "start" : "stop")
                            + " service "
                            + s.ServiceName
                            + " on computer '.'.",
                        e
                    )
                );
                return false;
            }
        }

        protected bool Blocked(ServiceController s, bool force)
        {
            var d = s.DependentServices.Where(x => x.Status == ServiceControllerStatus.Running).ToArray();
            if (d.Length > 0 && !force)
            {
                Err(
                    "ServiceHasDependentServices",
                    ErrorCategory.InvalidOperation,
                    s.ServiceName,
                    "Cannot stop service '"
                        + s.DisplayName
                        + " ("
                        + s.ServiceName
                        + ")' because it has dependent services. It can only be stopped if the Force flag is set.",
                    null
                );
                return true;
            }
            return false;
        }
    }

    [Cmdlet("Start", "Service", DefaultParameterSetName = "InputObject", SupportsShouldProcess = true)]
    public sealed class StartServiceCommand : LabServiceOperation
    {
        protected override void ProcessRecord()
        {
            foreach (var s in Match(Name, DisplayName, Include, Exclude, InputObject))
                if (ShouldProcess(s.DisplayName + " (" + s.ServiceName + ")"))
                    if (
                        Op(
                            s,
                            "StartServiceFailed",
                            "started",
                            () => ServiceControl.Start(s.ServiceName, "Start-Service")
                        ) && PassThru
                    )
                        WriteObject(s);
        }
    }

    [Cmdlet("Stop", "Service", DefaultParameterSetName = "InputObject", SupportsShouldProcess = true)]
    public sealed class StopServiceCommand : LabServiceOperation
    {
        [Parameter]
        public SwitchParameter Force { get; set; }

        [Parameter]
        public SwitchParameter NoWait { get; set; }

        protected override void ProcessRecord()
        {
            foreach (var s in Match(Name, DisplayName, Include, Exclude, InputObject))
                if (ShouldProcess(s.DisplayName + " (" + s.ServiceName + ")") && !Blocked(s, Force))
                    if (
                        Op(
                            s,
                            "StopServiceFailed",
                            "stopped",
                            () => ServiceControl.Stop(s.ServiceName, Force, "Stop-Service")
                        ) && PassThru
                    )
                        WriteObject(s);
        }
    }

    [Cmdlet("Restart", "Service", DefaultParameterSetName = "InputObject", SupportsShouldProcess = true)]
    public sealed class RestartServiceCommand : LabServiceOperation
    {
        [Parameter]
        public SwitchParameter Force { get; set; }

        protected override void ProcessRecord()
        {
            foreach (var s in Match(Name, DisplayName, Include, Exclude, InputObject))
                if (ShouldProcess(s.DisplayName + " (" + s.ServiceName + ")") && !Blocked(s, Force))
                {
                    var again = s
                        .DependentServices.Where(x => x.Status == ServiceControllerStatus.Running)
                        .Select(x => x.ServiceName)
                        .ToList();
                    if (
                        Op(
                            s,
                            "StopServiceFailed",
                            "stopped",
                            () => ServiceControl.Stop(s.ServiceName, Force, "Restart-Service")
                        )
                        && Op(
                            s,
                            "StartServiceFailed",
                            "started",
                            () => ServiceControl.Start(s.ServiceName, "Restart-Service")
                        )
                    )
                    {
                        foreach (var d in again)
                            try
                            {
                                ServiceControl.Start(d, "Restart-Service");
                            }
                            catch (Win32Exception) { }
                        if (PassThru)
                            WriteObject(s);
                    }
                }
        }
    }
}
