// SPDX-License-Identifier: GPL-3.0-or-later
// Get-CimInstance.
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
    [Cmdlet("Get", "CimInstance", DefaultParameterSetName = "ClassNameComputerSet")]
    [OutputType(typeof(CimInstance))]
    public class GetCimInstanceCommand : LabCimCmdlet
    {
        [Parameter(ParameterSetName = "ClassNameSessionSet", Mandatory = true, ValueFromPipeline = true)]
        [Parameter(ParameterSetName = "CimInstanceSessionSet", Mandatory = true, ValueFromPipeline = true)]
        [Parameter(ParameterSetName = "QuerySessionSet", Mandatory = true, ValueFromPipeline = true)]
        public CimSession[] CimSession { get; set; }

        [Parameter(
            ParameterSetName = "ClassNameComputerSet",
            Mandatory = true,
            Position = 0,
            ValueFromPipelineByPropertyName = true
        )]
        [Parameter(
            ParameterSetName = "ClassNameSessionSet",
            Mandatory = true,
            Position = 0,
            ValueFromPipelineByPropertyName = true
        )]
        public string ClassName { get; set; }

        [Parameter(
            ParameterSetName = "ResourceUriComputerSet",
            Mandatory = true,
            ValueFromPipelineByPropertyName = true
        )]
        [Parameter(ParameterSetName = "CimInstanceComputerSet")]
        [Parameter(ParameterSetName = "QueryComputerSet", ValueFromPipelineByPropertyName = true)]
        public Uri ResourceUri { get; set; }

        [Parameter(ParameterSetName = "ClassNameComputerSet", ValueFromPipelineByPropertyName = true)]
        [Parameter(ParameterSetName = "ResourceUriComputerSet", ValueFromPipelineByPropertyName = true)]
        [Parameter(ParameterSetName = "QueryComputerSet", ValueFromPipelineByPropertyName = true)]
        [Parameter(ParameterSetName = "CimInstanceComputerSet")]
        [Alias("CN", "ServerName")]
        public string[] ComputerName { get; set; }

        [Parameter(ParameterSetName = "ClassNameComputerSet")]
        [Parameter(ParameterSetName = "ClassNameSessionSet")]
        [Parameter(ParameterSetName = "ResourceUriComputerSet")]
        public SwitchParameter KeyOnly { get; set; }

        [Parameter(ParameterSetName = "ClassNameComputerSet", ValueFromPipelineByPropertyName = true)]
        [Parameter(ParameterSetName = "ClassNameSessionSet", ValueFromPipelineByPropertyName = true)]
        [Parameter(ParameterSetName = "QueryComputerSet", ValueFromPipelineByPropertyName = true)]
        [Parameter(ParameterSetName = "QuerySessionSet", ValueFromPipelineByPropertyName = true)]
        [Parameter(ParameterSetName = "ResourceUriComputerSet", ValueFromPipelineByPropertyName = true)]
        public string Namespace { get; set; }

        [Parameter]
        [Alias("OT")]
        public uint OperationTimeoutSec { get; set; }

        [Parameter(
            ParameterSetName = "CimInstanceComputerSet",
            Mandatory = true,
            Position = 0,
            ValueFromPipeline = true
        )]
        [Parameter(
            ParameterSetName = "CimInstanceSessionSet",
            Mandatory = true,
            Position = 0,
            ValueFromPipeline = true
        )]
        [Alias("CimInstance")]
        public CimInstance InputObject { get; set; }

        [Parameter(ParameterSetName = "QueryComputerSet", Mandatory = true, ValueFromPipelineByPropertyName = true)]
        [Parameter(ParameterSetName = "QuerySessionSet", Mandatory = true, ValueFromPipelineByPropertyName = true)]
        public string Query { get; set; }

        [Parameter(ParameterSetName = "ClassNameComputerSet", ValueFromPipelineByPropertyName = true)]
        [Parameter(ParameterSetName = "ClassNameSessionSet", ValueFromPipelineByPropertyName = true)]
        [Parameter(ParameterSetName = "QueryComputerSet", ValueFromPipelineByPropertyName = true)]
        [Parameter(ParameterSetName = "QuerySessionSet", ValueFromPipelineByPropertyName = true)]
        public string QueryDialect { get; set; }

        [Parameter(ParameterSetName = "ClassNameComputerSet")]
        [Parameter(ParameterSetName = "ClassNameSessionSet")]
        [Parameter(ParameterSetName = "QueryComputerSet")]
        [Parameter(ParameterSetName = "QuerySessionSet")]
        [Parameter(ParameterSetName = "ResourceUriComputerSet")]
        public SwitchParameter Shallow { get; set; }

        [Parameter(ParameterSetName = "ClassNameComputerSet", ValueFromPipelineByPropertyName = true)]
        [Parameter(ParameterSetName = "ClassNameSessionSet", ValueFromPipelineByPropertyName = true)]
        [Parameter(ParameterSetName = "ResourceUriComputerSet", ValueFromPipelineByPropertyName = true)]
        public string Filter { get; set; }

        [Parameter(ParameterSetName = "ClassNameComputerSet", ValueFromPipelineByPropertyName = true)]
        [Parameter(ParameterSetName = "ClassNameSessionSet", ValueFromPipelineByPropertyName = true)]
        [Parameter(ParameterSetName = "ResourceUriComputerSet", ValueFromPipelineByPropertyName = true)]
        [Alias("SelectProperties")]
        public string[] Property { get; set; }

        protected override void ProcessRecord()
        {
            Refuse(CimSession, ComputerName, ResourceUri);
            if (IsFaulted(OperationTimeoutSec))
                return;
            string cls = ClassName,
                ns = Cim.Ns(Namespace),
                where = Filter;
            ICollection<string> props = Property;
            if (InputObject != null)
            {
                cls = InputObject.CimSystemProperties.ClassName;
                ns = InputObject.CimSystemProperties.Namespace;
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
                where = q.Where;
                props = q.Props;
            }
            List<OrderedDictionary> all;
            try
            {
                all = Cim.Query(ns, cls, OperationTimeoutSec, () => Stopping);
            }
            catch (CimException e)
            {
                Fail(e, cls);
                return;
            }
            catch (Exception e)
            {
                Fail(e, cls);
                return;
            }
            Func<OrderedDictionary, bool> f;
            try
            {
                f = Wql.Filter(where, Cim.Class(ns, cls));
            }
            catch (Exception)
            {
                Fail(CimException.FromHResult(unchecked((int)0x80041017), null), where);
                return;
            }
            if (props != null && Cim.Class(ns, cls) != null)
                foreach (var p in props)
                    if (!Cim.Class(ns, cls).Types.Contains(p))
                    {
                        Fail(CimException.FromHResult(unchecked((int)0x80041017), null), p);
                        return;
                    }
            foreach (var m in all.ToList())
            {
                if (!f(m))
                    continue;
                if (
                    InputObject != null
                    && !InputObject
                        .CimClass.CimClassProperties.Where(p => p.Flags == "Key")
                        .All(p =>
                            object.Equals(
                                Convert.ToString(m[p.Name]),
                                Convert.ToString(InputObject.CimInstanceProperties[p.Name].Value)
                            )
                        )
                )
                    continue;
                var failure = Cim.FailureOfInstance(cls, m);
                if (failure != null)
                {
                    Fail(failure, cls);
                    return;
                }
                WriteObject(Cim.Make(ns, cls, m, props, KeyOnly));
            }
        }
    }
}
