// SPDX-License-Identifier: GPL-3.0-or-later
// Get-CimClass.
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
    [Cmdlet("Get", "CimClass", DefaultParameterSetName = "ComputerSet")]
    [OutputType(typeof(CimClass))]
    public class GetCimClassCommand : LabCimCmdlet
    {
        [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
        public string ClassName { get; set; }

        [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
        public string Namespace { get; set; }

        [Parameter]
        [Alias("OT")]
        public uint OperationTimeoutSec { get; set; }

        [Parameter(ParameterSetName = "SessionSet", Mandatory = true, ValueFromPipeline = true)]
        public CimSession[] CimSession { get; set; }

        [Parameter(ParameterSetName = "ComputerSet", ValueFromPipelineByPropertyName = true)]
        [Alias("CN", "ServerName")]
        public string[] ComputerName { get; set; }

        [Parameter(ValueFromPipelineByPropertyName = true)]
        public string MethodName { get; set; }

        [Parameter(ValueFromPipelineByPropertyName = true)]
        public string PropertyName { get; set; }

        [Parameter(ValueFromPipelineByPropertyName = true)]
        public string QualifierName { get; set; }

        protected override void ProcessRecord()
        {
            Refuse(CimSession, ComputerName, null);
            if (IsFaulted(OperationTimeoutSec))
                return;
            if (QualifierName != null)
                ThrowTerminatingError(
                    new ErrorRecord(
                        Lab.NotSimulated("Get-CimClass -QualifierName"),
                        "NotImplemented",
                        ErrorCategory.NotImplemented,
                        null
                    )
                );
            string ns = Cim.Ns(Namespace);
            var e = Cim.FaultOf(ns, ClassName ?? "*", OperationTimeoutSec, () => Stopping);
            if (e == null && !Cim.NamespaceExists(ns))
                e = CimException.FromHResult(unchecked((int)0x8004100E), null);
            if (e != null)
            {
                Fail(e, ns);
                return;
            }
            var wp = new WildcardPattern(ClassName ?? "*", WildcardOptions.IgnoreCase);
            bool any = false;
            foreach (
                var c in Cim.Classes.Values.Where(c =>
                    c.Namespace.Equals(ns, StringComparison.OrdinalIgnoreCase) && wp.IsMatch(c.Name)
                )
            )
            {
                any = true;
                var o = Cim.ClassObject(c);
                if (
                    MethodName != null
                    && !o.CimClassMethods.Any(m =>
                        new WildcardPattern(MethodName, WildcardOptions.IgnoreCase).IsMatch(m.Name)
                    )
                )
                    continue;
                if (
                    PropertyName != null
                    && !o.CimClassProperties.Any(m =>
                        new WildcardPattern(PropertyName, WildcardOptions.IgnoreCase).IsMatch(m.Name)
                    )
                )
                    continue;
                WriteObject(o);
            }
            if (!any && !WildcardPattern.ContainsWildcardCharacters(ClassName ?? "*"))
                Fail(CimException.FromHResult(unchecked((int)0x80041002), null), ClassName);
        }
    }
}
