// SPDX-License-Identifier: GPL-3.0-or-later
// Stand-in for the configuration of an event channel.
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

namespace System.Diagnostics.Eventing.Reader
{
    public class EventLogConfiguration : IDisposable
    {
        OrderedDictionary m;
        bool max,
            mode,
            en;

        public EventLogConfiguration(string logName)
        {
            EventStore.NeedService();
            var failure = EventStore.Failure(logName, null);
            if (failure != null)
                throw failure;
            m = EventStore.Channel(logName);
            if (m == null)
                throw new EventLogNotFoundException("The specified channel could not be found.");
            LogName = EventStore.NameOf(logName);
            m = Cim.Copy(m);
            if (EventStore.HasFault(logName, "garbage"))
                Spoil();
        }

        // The members are typed, so garbage is numbers that no log has.
        void Spoil()
        {
            foreach (string name in new[] { "LogMode", "MaximumSizeInBytes", "RecordCount", "OldestRecordNumber" })
                m[name] = -1L;
            m["FileSize"] = -1L;
            m["LogFilePath"] = "garbage";
        }

        public string LogName { get; private set; }
        public bool IsEnabled
        {
            get { return Lab.Flag(m, "IsEnabled"); }
            set
            {
                m["IsEnabled"] = value;
                en = true;
            }
        }
        public EventLogMode LogMode
        {
            get { return (EventLogMode)Lab.Num(m, 0, "LogMode"); }
            set
            {
                m["LogMode"] = (long)value;
                mode = true;
            }
        }
        public long MaximumSizeInBytes
        {
            get { return Lab.Num(m, 1052672, "MaximumSizeInBytes"); }
            set
            {
                m["MaximumSizeInBytes"] = value;
                max = true;
            }
        }
        public string LogFilePath
        {
            get
            {
                return Lab.Str(m, "LogFilePath")
                    ?? @"%SystemRoot%\System32\Winevt\Logs\" + LogName.Replace("/", "%4") + ".evtx";
            }
        }
        public bool IsClassicLog
        {
            get { return Lab.Flag(m, "IsClassicLog"); }
        }
        public EventLogType LogType
        {
            get { return IsClassicLog ? EventLogType.Administrative : EventLogType.Operational; }
        }
        public EventLogIsolation LogIsolation
        {
            get { return EventLogIsolation.Application; }
        }
        public string OwningProviderName
        {
            get { return Lab.Str(m, "OwningProviderName") ?? ""; }
        }
        public string SecurityDescriptor
        {
            get
            {
                return Lab.Str(m, "SecurityDescriptor")
                    ?? "O:BAG:SYD:(A;;0xf0007;;;SY)(A;;0x7;;;BA)(A;;0x1;;;S-1-5-32-573)";
            }
            set { throw Lab.NotSimulated("setting SecurityDescriptor"); }
        }
        public IEnumerable<string> ProviderNames
        {
            get { return Lab.Items(m, "ProviderNames").Cast<string>(); }
        }
        public long? RecordCount
        {
            get { return m.Contains("RecordCount") ? Lab.Num(m, 0, "RecordCount") : (long?)EventStore.Count(LogName); }
        }
        public long? FileSize
        {
            get { return Lab.Num(m, 69632, "FileSize"); }
        }
        public bool? IsLogFull
        {
            get { return Lab.Flag(m, "IsLogFull"); }
        }
        public long? OldestRecordNumber
        {
            get
            {
                return m.Contains("OldestRecordNumber")
                    ? Lab.Num(m, 1, "OldestRecordNumber")
                    : (long?)EventStore.OldestId(LogName);
            }
        }
        public DateTime? LastWriteTime
        {
            get
            {
                return Lab.Str(m, "LastWriteTime") == null
                    ? (DateTime?)EventStore.NewestTime(LogName)
                    : Lab.ParseLocal(Lab.Str(m, "LastWriteTime"));
            }
        }
        public DateTime? LastAccessTime
        {
            get { return LastWriteTime; }
        }
        public DateTime? CreationTime
        {
            get { return null; }
        }
        public int? Attributes
        {
            get { return 32; }
        }

        public void SaveChanges()
        {
            if (!Lab.IsElevated)
                throw new UnauthorizedAccessException("Attempted to perform an unauthorized operation.");
            Lab.Edit(
                "EventLogConfiguration.SaveChanges",
                new object[] { LogName, MaximumSizeInBytes, LogMode.ToString(), IsEnabled },
                s =>
                    EventStore.Configure(
                        s,
                        LogName,
                        max ? (long?)MaximumSizeInBytes : null,
                        mode ? (int?)LogMode : null,
                        en ? (bool?)IsEnabled : null
                    )
            );
        }

        public void Dispose() { }

        public override string ToString()
        {
            return LogName;
        }
    }
}
