// SPDX-License-Identifier: GPL-3.0-or-later
// Invoke-CimMethod.
#pragma warning disable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Globalization;
using System.Linq;
using System.Management.Automation;
using WindowsLab;

namespace Microsoft.Management.Infrastructure.CimCmdlets
{
    [Cmdlet("Invoke", "CimMethod", DefaultParameterSetName = "ClassNameComputerSet", SupportsShouldProcess = true)]
    public class InvokeCimMethodCommand : LabCimCmdlet
    {
        [Parameter(
            ParameterSetName = "ClassNameComputerSet",
            Mandatory = true,
            Position = 0,
            ValueFromPipelineByPropertyName = true
        )]
        [Alias("Class")]
        public string ClassName { get; set; }

        [Parameter(
            ParameterSetName = "ResourceUriComputerSet",
            Mandatory = true,
            ValueFromPipelineByPropertyName = true
        )]
        [Parameter(ParameterSetName = "CimInstanceComputerSet", ValueFromPipelineByPropertyName = true)]
        public Uri ResourceUri { get; set; }

        [Parameter(ParameterSetName = "CimClassComputerSet", Mandatory = true, Position = 0, ValueFromPipeline = true)]
        public CimClass CimClass { get; set; }

        [Parameter(
            ParameterSetName = "CimInstanceComputerSet",
            Mandatory = true,
            Position = 0,
            ValueFromPipeline = true
        )]
        [Alias("CimInstance")]
        public CimInstance InputObject { get; set; }

        [Parameter(ParameterSetName = "ClassNameSessionSet", Mandatory = true, ValueFromPipeline = true)]
        public CimSession[] CimSession { get; set; }

        [Parameter]
        [Alias("CN", "ServerName")]
        public string[] ComputerName { get; set; }

        [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
        public IDictionary Arguments { get; set; }

        [Parameter(Mandatory = true, Position = 2, ValueFromPipelineByPropertyName = true)]
        [Alias("Name")]
        public string MethodName { get; set; }

        [Parameter(ValueFromPipelineByPropertyName = true)]
        public string Namespace { get; set; }

        [Parameter]
        [Alias("OT")]
        public uint OperationTimeoutSec { get; set; }

        [Parameter(
            ParameterSetName = "QueryComputerSet",
            Mandatory = true,
            Position = 0,
            ValueFromPipelineByPropertyName = true
        )]
        public string Query { get; set; }

        [Parameter(ValueFromPipelineByPropertyName = true)]
        public string QueryDialect { get; set; }

        protected override void ProcessRecord()
        {
            Refuse(CimSession, ComputerName, ResourceUri);
            if (IsFaulted(OperationTimeoutSec))
                return;
            string ns = Cim.Ns(Namespace),
                cls = ClassName ?? (CimClass != null ? CimClass.CimClassName : null);
            var targets = new List<OrderedDictionary>();
            if (CimClass != null)
                ns = CimClass.CimSystemProperties.Namespace;
            if (InputObject != null)
            {
                ns = InputObject.CimSystemProperties.Namespace;
                cls = InputObject.CimSystemProperties.ClassName;
            }
            if (Query != null)
            {
                var q = Wql.Parse(Query);
                if (q == null)
                {
                    Fail(CimException.FromHResult(unchecked((int)0x80041017), null), Query);
                    return;
                }
                cls = q.Class;
                targets = Cim.Query(ns, cls).Where(Wql.Filter(q.Where, Cim.Class(ns, cls))).ToList();
            }
            var err =
                Cim.FaultOfMethod(ns, cls, MethodName, OperationTimeoutSec, () => Stopping) ?? Cim.Denied(ns, cls);
            if (err != null)
            {
                Fail(err, cls);
                return;
            }
            var info = Cim.Class(ns, cls);
            if (info == null || !info.Methods.Contains(MethodName, StringComparer.OrdinalIgnoreCase))
            {
                if (
                    info != null
                    && Array.IndexOf(
                        new[]
                        {
                            "ProtectKeyWithTPM",
                            "Encrypt",
                            "Decrypt",
                            "Create",
                            "ClearTpm",
                            "ProtectKeyWithNumericalPassword",
                            "DeleteKeyProtector",
                            "Lock",
                            "UnlockWithNumericalPassword",
                        },
                        MethodName
                    ) >= 0
                )
                {
                    ThrowTerminatingError(
                        new ErrorRecord(
                            Lab.NotSimulated(cls + "." + MethodName),
                            "NotImplemented",
                            ErrorCategory.NotImplemented,
                            cls
                        )
                    );
                }
                Fail(
                    CimException.FromHResult(
                        unchecked((int)0x80041055),
                        "This method is not implemented in any class "
                    ),
                    MethodName
                );
                return;
            }
            if (InputObject != null)
            {
                var k = InputObject.CimInstanceProperties.Where(p => p.Flags == "Key").Select(p => p.Name).ToArray();
                var m = Cim.Instances(ns, cls)
                    .FirstOrDefault(x =>
                        k.All(n =>
                            object.Equals(
                                Convert.ToString(x[n], CultureInfo.InvariantCulture),
                                Convert.ToString(
                                    InputObject.CimInstanceProperties[n].Value,
                                    CultureInfo.InvariantCulture
                                )
                            )
                        )
                    );
                if (m == null)
                {
                    Fail(CimException.FromHResult(unchecked((int)0x80041002), null), InputObject);
                    return;
                }
                targets.Add(m);
            }
            if (targets.Count == 0 && (cls == "Win32_OperatingSystem" || cls == "Win32_Tpm"))
                targets = Cim.Instances(ns, cls);
            foreach (var t in targets)
            {
                if (!ShouldProcess(cls, MethodName))
                    continue;
                try
                {
                    var answer = CimMethods.Invoke(ns, cls, t, MethodName, Arguments ?? new Hashtable());
                    var fault = Faults.Find(Faults.CimNames(ns, cls, MethodName));
                    WriteObject(fault == null || !fault.IsInData ? answer : Faults.Wrong(answer, fault));
                }
                catch (CimException e)
                {
                    Fail(e, cls);
                }
            }
        }
    }
}
