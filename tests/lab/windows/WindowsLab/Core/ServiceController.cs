// SPDX-License-Identifier: GPL-3.0-or-later
// Stand-in for System.ServiceProcess.ServiceController.
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
    public class ServiceController : IDisposable
    {
        public ServiceController(string name)
        {
            ServiceName = name;
            if (ServiceControl.Find(name) == null)
                foreach (DictionaryEntry e in ServiceControl.All())
                    if (string.Equals(Lab.Str(e.Value, "DisplayName"), name, StringComparison.OrdinalIgnoreCase))
                        ServiceName = (string)e.Key;
            Refresh();
        }

        OrderedDictionary m;
        public string ServiceName { get; private set; }
        public string Name
        {
            get { return ServiceName; }
        }
        public string MachineName
        {
            get { return "."; }
        }
        OrderedDictionary M
        {
            get
            {
                if (m == null)
                    throw new InvalidOperationException(
                        "Service " + ServiceName + " was not found on computer '.'.",
                        new Win32Exception(1060)
                    );
                var refusal = ServiceControl.Refusal(ServiceName);
                if (refusal != null)
                    throw new InvalidOperationException(
                        "Cannot open " + ServiceName + " service on computer '.'.",
                        refusal
                    );
                return m;
            }
        }
        public string DisplayName
        {
            get { return Lab.Str(M, "DisplayName") ?? ServiceName; }
        }
        public ServiceControllerStatus Status
        {
            get
            {
                if (ServiceControl.IsGarbage(ServiceName))
                    return (ServiceControllerStatus)99;
                switch (Lab.Str(M, "State"))
                {
                    case "Running":
                        return ServiceControllerStatus.Running;
                    case "Start Pending":
                        return ServiceControllerStatus.StartPending;
                    case "Stop Pending":
                        return ServiceControllerStatus.StopPending;
                    case "Paused":
                        return ServiceControllerStatus.Paused;
                    default:
                        return ServiceControllerStatus.Stopped;
                }
            }
        }
        public ServiceStartMode StartType
        {
            get
            {
                if (ServiceControl.IsGarbage(ServiceName))
                    return (ServiceStartMode)99;
                switch (Lab.Str(M, "StartMode"))
                {
                    case "Auto":
                        return ServiceStartMode.Automatic;
                    case "Disabled":
                        return ServiceStartMode.Disabled;
                    case "Boot":
                        return ServiceStartMode.Boot;
                    case "System":
                        return ServiceStartMode.System;
                    default:
                        return ServiceStartMode.Manual;
                }
            }
        }
        public bool CanStop
        {
            get { return Status == ServiceControllerStatus.Running && !Lab.Flag(M, "Protected"); }
        }
        public bool CanPauseAndContinue
        {
            get { return false; }
        }
        public bool CanShutdown
        {
            get { return Status == ServiceControllerStatus.Running; }
        }
        public ServiceController[] ServicesDependedOn
        {
            get
            {
                return Lab.Items(M, "DependsOn")
                    .Select(x => (string)x)
                    .Where(x => ServiceControl.Find(x) != null)
                    .Select(x => new ServiceController(x))
                    .ToArray();
            }
        }
        public ServiceController[] RequiredServices
        {
            get { return ServicesDependedOn; }
        }
        public ServiceController[] DependentServices
        {
            get
            {
                return ServiceControl
                    .Dependents(Lab.Load(), ServiceName)
                    .Select(x => new ServiceController(x))
                    .ToArray();
            }
        }

        public static ServiceController[] GetServices()
        {
            return ServiceControl
                .All()
                .Keys.Cast<string>()
                .Where(n => !Lab.Flag(ServiceControl.All()[n], "Driver") && ServiceControl.All()[n] != null)
                .Where(ServiceControl.IsListed)
                .Select(n => new ServiceController(n))
                .ToArray();
        }

        public void Refresh()
        {
            m = ServiceControl.Find(ServiceName);
        }

        public void Close() { }

        public void Dispose() { }

        void Do(Action a, string verb)
        {
            try
            {
                a();
            }
            catch (Win32Exception e)
            {
                throw new InvalidOperationException(
                    "Cannot " + verb + " service " + ServiceName + " on computer '.'.",
                    e
                );
            }
            finally
            {
                Refresh();
            }
        }

        public void Start()
        {
            Do(() => ServiceControl.Start(ServiceName, "ServiceController.Start"), "start");
        }

        public void Stop()
        {
            Do(() => ServiceControl.Stop(ServiceName, true, "ServiceController.Stop"), "stop");
        }

        public void WaitForStatus(ServiceControllerStatus s)
        {
            WaitForStatus(s, TimeSpan.FromSeconds(30));
        }

        public void WaitForStatus(ServiceControllerStatus s, TimeSpan t)
        {
            Refresh();
            if (Status != s)
                throw new System.TimeoutException("Time out has expired and the operation has not been completed.");
        }

        public override string ToString()
        {
            return ServiceName;
        }
    }
}
