// SPDX-License-Identifier: GPL-3.0-or-later
// Get-WinEvent.
#pragma warning disable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Diagnostics.Eventing.Reader;
using System.Globalization;
using System.Linq;
using System.Management.Automation;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using WindowsLab;

namespace Microsoft.PowerShell.Commands
{
    [Cmdlet("Get", "WinEvent", DefaultParameterSetName = "GetLogSet")]
    public sealed class GetWinEventCommand : PSCmdlet
    {
        [Parameter(Position = 0, Mandatory = true, ParameterSetName = "ListLogSet", ValueFromPipeline = false)]
        public string[] ListLog { get; set; }

        [Parameter(
            Position = 0,
            ParameterSetName = "GetLogSet",
            ValueFromPipeline = true,
            ValueFromPipelineByPropertyName = true
        )]
        public string[] LogName { get; set; }

        [Parameter(Position = 0, Mandatory = true, ParameterSetName = "ListProviderSet")]
        public string[] ListProvider { get; set; }

        [Parameter(
            Position = 0,
            Mandatory = true,
            ParameterSetName = "GetProviderSet",
            ValueFromPipelineByPropertyName = true
        )]
        public string[] ProviderName { get; set; }

        [Parameter(
            Position = 0,
            Mandatory = true,
            ParameterSetName = "FileSet",
            ValueFromPipelineByPropertyName = true
        )]
        [Alias("PSPath")]
        public string[] Path { get; set; }

        [Parameter(ParameterSetName = "FileSet")]
        [Parameter(ParameterSetName = "GetProviderSet")]
        [Parameter(ParameterSetName = "GetLogSet")]
        [Parameter(ParameterSetName = "HashQuerySet")]
        [Parameter(ParameterSetName = "XmlQuerySet")]
        [ValidateRange(1L, long.MaxValue)]
        public long MaxEvents { get; set; } = -1;

        [Parameter]
        [Alias("Cn")]
        public string ComputerName { get; set; }

        [Parameter]
        public PSCredential Credential { get; set; }

        [Parameter(ParameterSetName = "FileSet")]
        [Parameter(ParameterSetName = "GetProviderSet")]
        [Parameter(ParameterSetName = "GetLogSet")]
        public string FilterXPath { get; set; }

        [Parameter(Position = 0, Mandatory = true, ParameterSetName = "XmlQuerySet")]
        public XmlDocument FilterXml { get; set; }

        [Parameter(Position = 0, Mandatory = true, ParameterSetName = "HashQuerySet")]
        public Hashtable[] FilterHashtable { get; set; }

        [Parameter(ParameterSetName = "ListLogSet")]
        [Parameter(ParameterSetName = "GetLogSet")]
        [Parameter(ParameterSetName = "GetProviderSet")]
        [Parameter(ParameterSetName = "HashQuerySet")]
        public SwitchParameter Force { get; set; }

        [Parameter(ParameterSetName = "FileSet")]
        [Parameter(ParameterSetName = "GetProviderSet")]
        [Parameter(ParameterSetName = "GetLogSet")]
        [Parameter(ParameterSetName = "HashQuerySet")]
        [Parameter(ParameterSetName = "XmlQuerySet")]
        public SwitchParameter Oldest { get; set; }

        void Err(string msg, string id, ErrorCategory c, object target, Exception e = null)
        {
            WriteError(new ErrorRecord(e ?? new Exception(msg), id, c, target));
        }

        protected override void ProcessRecord()
        {
            var fault = Faults.Meet(0, () => Stopping, "cmdlet:Get-WinEvent");
            var record = Faults.CommandError(fault, "Get-WinEvent", false);
            if (record != null)
            {
                if (fault.IsTerminating || fault.Type == "missing")
                    ThrowTerminatingError(record);
                WriteError(record);
                return;
            }
            if (fault != null && fault.Type == "empty")
            {
                NoMatch();
                return;
            }
            if (
                ComputerName != null
                && ComputerName != "."
                && ComputerName != "localhost"
                && !ComputerName.Equals(Lab.Str(Lab.Load(), "os", "computer_name"), StringComparison.OrdinalIgnoreCase)
            )
                ThrowTerminatingError(
                    new ErrorRecord(
                        Lab.NotSimulated("Get-WinEvent -ComputerName"),
                        "NotImplemented",
                        ErrorCategory.NotImplemented,
                        null
                    )
                );
            if (ListProvider != null || Path != null)
                ThrowTerminatingError(
                    new ErrorRecord(
                        Lab.NotSimulated("Get-WinEvent -ListProvider/-Path"),
                        "NotImplemented",
                        ErrorCategory.NotImplemented,
                        null
                    )
                );
            // RPC_S_SERVER_UNAVAILABLE (1722) from the event log service surfaces as an EventLogException.
            try
            {
                EventStore.NeedService();
            }
            catch (EventLogException e)
            {
                ThrowTerminatingError(
                    new ErrorRecord(
                        e,
                        "System.Diagnostics.Eventing.Reader.EventLogException",
                        ErrorCategory.NotSpecified,
                        null
                    )
                );
            }
            var logs = EventStore.Channels();
            if (ParameterSetName == "ListLogSet")
            {
                foreach (var w in ListLog)
                {
                    var wp = new WildcardPattern(w, WildcardOptions.IgnoreCase);
                    bool any = false;
                    foreach (DictionaryEntry e in logs)
                        if (wp.IsMatch((string)e.Key))
                        {
                            any = true;
                            var failure = EventStore.Failure((string)e.Key, () => Stopping);
                            if (failure != null)
                            {
                                Err(null, "LogInfoUnavailable", ErrorCategory.NotSpecified, null, failure);
                                continue;
                            }
                            if ((string)e.Key == "Security" && !Lab.IsElevated)
                            {
                                Err(
                                    null,
                                    "LogInfoUnavailable",
                                    ErrorCategory.NotSpecified,
                                    null,
                                    new UnauthorizedAccessException("Attempted to perform an unauthorized operation.")
                                );
                                continue;
                            }
                            WriteObject(new EventLogConfiguration((string)e.Key));
                        }
                    if (!any)
                        Err(
                            "There is not an event log on the localhost computer that matches \"" + w + "\".",
                            "NoMatchingLogsFound",
                            ErrorCategory.ObjectNotFound,
                            w
                        );
                }
                return;
            }
            var sel = new List<KeyValuePair<string, Func<EventLogRecord, bool>>>();
            Func<EventLogRecord, bool> yes = x => true;
            try
            {
                if (FilterXml != null)
                {
                    foreach (XmlElement q in FilterXml.GetElementsByTagName("Select"))
                    {
                        string path = q.GetAttribute("Path");
                        if (path == "" && q.ParentNode is XmlElement)
                            path = ((XmlElement)q.ParentNode).GetAttribute("Path");
                        var x = new EventXPath(q.InnerText);
                        var sup = ((XmlElement)q.ParentNode)
                            .GetElementsByTagName("Suppress")
                            .Cast<XmlElement>()
                            .Where(z => z.GetAttribute("Path") == path || z.GetAttribute("Path") == "")
                            .Select(z => new EventXPath(z.InnerText))
                            .ToList();
                        sel.Add(
                            new KeyValuePair<string, Func<EventLogRecord, bool>>(
                                path,
                                e => x.Matches(e) && !sup.Any(z => z.Matches(e))
                            )
                        );
                    }
                }
                else if (FilterHashtable != null)
                    foreach (var h in FilterHashtable)
                        Hash(h, sel, logs);
                else if (ProviderName != null)
                {
                    foreach (DictionaryEntry e in logs)
                    {
                        var set = new HashSet<string>(ProviderName, StringComparer.OrdinalIgnoreCase);
                        if (EventStore.Records((string)e.Key).Any(r => set.Contains(r.ProviderName)))
                        {
                            var x = FilterXPath == null ? null : new EventXPath(FilterXPath);
                            sel.Add(
                                new KeyValuePair<string, Func<EventLogRecord, bool>>(
                                    (string)e.Key,
                                    r => set.Contains(r.ProviderName) && (x == null || x.Matches(r))
                                )
                            );
                        }
                    }
                    if (sel.Count == 0)
                    {
                        Err(
                            "There is not an event provider on the localhost computer that matches \""
                                + ProviderName[0]
                                + "\".",
                            "NoMatchingProvidersFound",
                            ErrorCategory.ObjectNotFound,
                            ProviderName[0]
                        );
                        return;
                    }
                }
                else
                {
                    var x = FilterXPath == null ? null : new EventXPath(FilterXPath);
                    var pred = x == null ? yes : (r => x.Matches(r));
                    foreach (
                        var w in LogName
                            ?? logs.Keys.Cast<string>().Where(k => Lab.Flag(logs[k], "IsClassicLog")).ToArray()
                    )
                    {
                        var wp = new WildcardPattern(w, WildcardOptions.IgnoreCase);
                        bool any = false;
                        foreach (DictionaryEntry e in logs)
                            if (wp.IsMatch((string)e.Key))
                            {
                                any = true;
                                sel.Add(new KeyValuePair<string, Func<EventLogRecord, bool>>((string)e.Key, pred));
                            }
                        if (!any)
                        {
                            Err(
                                "There is not an event log on the localhost computer that matches \"" + w + "\".",
                                "NoMatchingLogsFound",
                                ErrorCategory.ObjectNotFound,
                                w
                            );
                        }
                    }
                    if (sel.Count == 0)
                        return;
                }
            }
            catch (FormatException)
            {
                Err(
                    null,
                    "System.Diagnostics.Eventing.Reader.EventLogException",
                    ErrorCategory.NotSpecified,
                    null,
                    new EventLogException("The specified query is invalid", unchecked((int)0x80073A99))
                );
                return;
            }
            var hits = new List<EventLogRecord>();
            foreach (var q in sel)
            {
                if (EventStore.Channel(q.Key) == null)
                {
                    Err(
                        null,
                        "System.Diagnostics.Eventing.Reader.EventLogNotFoundException",
                        ErrorCategory.NotSpecified,
                        null,
                        new EventLogNotFoundException("The specified channel could not be found.")
                    );
                    continue;
                }
                var refusal = EventStore.Failure(q.Key, () => Stopping);
                if (refusal != null)
                {
                    Err(null, refusal.GetType().FullName, ErrorCategory.NotSpecified, null, refusal);
                    continue;
                }
                if (q.Key.Equals("Security", StringComparison.OrdinalIgnoreCase) && !Lab.IsElevated)
                {
                    Err(
                        null,
                        "System.UnauthorizedAccessException",
                        ErrorCategory.NotSpecified,
                        null,
                        new UnauthorizedAccessException("Attempted to perform an unauthorized operation.")
                    );
                    continue;
                }
                var recs = EventStore.Records(q.Key);
                if (Oldest)
                    recs.Reverse();
                long n = 0;
                foreach (var r in recs)
                    if (q.Value(r))
                    {
                        hits.Add(r);
                        if (MaxEvents > 0 && ++n >= MaxEvents)
                            break;
                    }
            }
            if (hits.Count == 0)
            {
                NoMatch();
                return;
            }
            IEnumerable<EventLogRecord> o =
                sel.Count > 1
                    ? (Oldest ? hits.OrderBy(h => h.TimeCreated) : hits.OrderByDescending(h => h.TimeCreated))
                    : (IEnumerable<EventLogRecord>)hits;
            if (MaxEvents > 0)
                o = o.Take((int)Math.Min(int.MaxValue, MaxEvents));
            foreach (var r in o)
            {
                var p = PSObject.AsPSObject(r);
                p.Properties.Add(new PSNoteProperty("Message", r.FormatDescription()));
                WriteObject(p);
            }
        }

        void NoMatch()
        {
            Err(
                "No events were found that match the specified selection criteria.",
                "NoMatchingEventsFound",
                ErrorCategory.ObjectNotFound,
                null
            );
        }

        void Hash(Hashtable h, List<KeyValuePair<string, Func<EventLogRecord, bool>>> sel, OrderedDictionary logs)
        {
            var ci = new Hashtable(h, StringComparer.OrdinalIgnoreCase);
            Func<string, object[]> L = k => ci[k] == null ? null : LanguagePrimitives.ConvertTo<object[]>(ci[k]);
            foreach (string k in ci.Keys)
                if (
                    !new[]
                    {
                        "logname",
                        "providername",
                        "id",
                        "level",
                        "starttime",
                        "endtime",
                        "data",
                        "keywords",
                        "userid",
                        "path",
                        "suppresshashfilter",
                    }.Contains(k.ToLowerInvariant())
                )
                    throw Lab.NotSimulated("named event data in -FilterHashtable (PowerShell 6+): " + k);
            var ids = L("id");
            var lv = L("level");
            var pn = L("providername");
            DateTime? st = ci["starttime"] == null
                    ? (DateTime?)null
                    : LanguagePrimitives.ConvertTo<DateTime>(ci["starttime"]).ToUniversalTime(),
                en = ci["endtime"] == null
                    ? (DateTime?)null
                    : LanguagePrimitives.ConvertTo<DateTime>(ci["endtime"]).ToUniversalTime();
            var data = L("data");
            Func<EventLogRecord, bool> f = r =>
                (ids == null || ids.Any(x => Convert.ToInt64(x is PSObject ? ((PSObject)x).BaseObject : x) == r.Id))
                && (lv == null || lv.Any(x => Convert.ToInt64(x is PSObject ? ((PSObject)x).BaseObject : x) == r.Level))
                && (
                    pn == null
                    || pn.Any(x =>
                        new WildcardPattern(x.ToString(), WildcardOptions.IgnoreCase).IsMatch(r.ProviderName)
                    )
                )
                && (st == null || EventStore.Utc(r.M) >= st)
                && (en == null || EventStore.Utc(r.M) <= en)
                && (data == null || data.Any(x => r.Properties.Any(p => Convert.ToString(p.Value) == x.ToString())));
            var names = L("logname");
            foreach (DictionaryEntry e in logs)
                if (
                    names == null
                        ? pn != null
                        : names.Any(n =>
                            new WildcardPattern(n.ToString(), WildcardOptions.IgnoreCase).IsMatch((string)e.Key)
                        )
                )
                    sel.Add(new KeyValuePair<string, Func<EventLogRecord, bool>>((string)e.Key, f));
            if (names != null)
                foreach (var n in names)
                    if (!WildcardPattern.ContainsWildcardCharacters(n.ToString()) && !logs.Contains(n.ToString()))
                        Err(
                            "There is not an event log on the localhost computer that matches \"" + n + "\".",
                            "NoMatchingLogsFound",
                            ErrorCategory.ObjectNotFound,
                            n
                        );
        }
    }
}
