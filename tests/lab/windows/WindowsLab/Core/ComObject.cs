// SPDX-License-Identifier: GPL-3.0-or-later
// A COM automation object: dynamic, so exceptions reach the script unwrapped, as from a real COM call.
#pragma warning disable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Dynamic;
using System.Globalization;
using System.Linq;
using System.Management.Automation;
using System.Reflection;
using System.Runtime.InteropServices;
using WindowsLab;

namespace WindowsLab
{
    public class ComObject : DynamicObject, IEnumerable
    {
        readonly Dictionary<string, Func<object>> get = new Dictionary<string, Func<object>>(
            StringComparer.OrdinalIgnoreCase
        );
        readonly Dictionary<string, Action<object>> set = new Dictionary<string, Action<object>>(
            StringComparer.OrdinalIgnoreCase
        );
        readonly Dictionary<string, Func<object[], object>> call = new Dictionary<string, Func<object[], object>>(
            StringComparer.OrdinalIgnoreCase
        );
        // Interfaces whose objects have a ProgID: faults name them by it, all others by the interface.
        static readonly Dictionary<string, string> progIds = new Dictionary<string, string>
        {
            { "IUpdateSession3", "Microsoft.Update.Session" },
            { "IUpdateSearcher3", "Microsoft.Update.Searcher" },
            { "IUpdateDownloader", "Microsoft.Update.Downloader" },
            { "IUpdateInstaller4", "Microsoft.Update.Installer" },
            { "ISystemInformation", "Microsoft.Update.SystemInfo" },
            { "IAutomaticUpdates2", "Microsoft.Update.AutoUpdate" },
            { "IUpdateServiceManager2", "Microsoft.Update.ServiceManager" },
            { "INetFwPolicy2", "HNetCfg.FwPolicy2" },
            { "INetFwProducts", "HNetCfg.FwProducts" },
            { "ITaskService", "Schedule.Service" },
        };
        const uint MemberNotFound = 0x80020003;

        protected internal List<object> items;
        readonly string name;

        public ComObject(string type)
        {
            if (!progIds.TryGetValue(type, out name))
                name = type;
        }

        // Throws what a fault on com:<name>.<member> or com:<name> makes the call fail with.
        // True when the fault is in the answer, which then is in r.
        bool IsSpoilt(string member, Func<object> answer, out object r)
        {
            r = null;
            var fault = Faults.Meet("com:" + name + "." + member, "com:" + name);
            var failure = Faults.ComError(fault, MemberNotFound);
            if (failure != null)
                throw failure;
            if (fault == null || !fault.IsInData || !fault.Covers(member))
                return false;
            if (fault.Type == "missing")
                throw new COMException("Exception from HRESULT: 0x80020003", unchecked((int)MemberNotFound));
            if (fault.Type == "garbage")
                r = "garbage";
            else
                r = Empty(answer());
            return true;
        }

        static object Empty(object answer)
        {
            var list = answer as ComObject;
            if (list != null && list.items != null)
                return new ComObject(list.name).List(new object[0]);
            return answer is int ? (object)0 : null;
        }

        public ComObject Get(string n, Func<object> f)
        {
            get[n] = f;
            return this;
        }

        public ComObject Value(string n, object v)
        {
            object cell = v;
            get[n] = () => cell;
            set[n] = x => cell = x is PSObject ? ((PSObject)x).BaseObject : x;
            return this;
        }

        public ComObject Const(string n, object v)
        {
            get[n] = () => v;
            return this;
        }

        public ComObject Set(string n, Action<object> f)
        {
            set[n] = f;
            return this;
        }

        public ComObject Call(string n, Func<object[], object> f)
        {
            call[n] = f;
            return this;
        }

        public object Read(string n)
        {
            return get[n]();
        }

        public ComObject List(IEnumerable e)
        {
            items = e.Cast<object>().ToList();
            get["Count"] = () => items.Count;
            call["Item"] = a => At(Convert.ToInt32(a[0]));
            return this;
        }

        object At(int i)
        {
            if (i < 0 || i >= items.Count)
                throw new COMException("Exception from HRESULT: 0x80240007", unchecked((int)0x80240007));
            return items[i];
        }

        public override bool TryGetMember(GetMemberBinder b, out object r)
        {
            Func<object> f;
            if (get.TryGetValue(b.Name, out f))
            {
                if (!IsSpoilt(b.Name, f, out r))
                    r = f();
                return true;
            }
            r = null;
            return call.ContainsKey(b.Name) ? false : true;
        }

        public override bool TrySetMember(SetMemberBinder b, object v)
        {
            Action<object> f;
            if (set.TryGetValue(b.Name, out f))
            {
                object answer;
                if (!IsSpoilt(b.Name, () => null, out answer))
                    f(v);
                return true;
            }
            return false;
        }

        public override bool TryInvokeMember(InvokeMemberBinder b, object[] a, out object r)
        {
            Func<object[], object> f;
            if (call.TryGetValue(b.Name, out f))
            {
                var arguments = a.Select(x => x is PSObject ? ((PSObject)x).BaseObject : x).ToArray();
                if (!IsSpoilt(b.Name, () => f(arguments), out r))
                    r = f(arguments);
                return true;
            }
            Func<object> g;
            if (get.TryGetValue(b.Name, out g) && a.Length == 0)
            {
                r = g();
                return true;
            }
            if (g != null && get[b.Name]() is ComObject && a.Length == 1)
            {
                r = ((ComObject)get[b.Name]()).At(Convert.ToInt32(a[0]));
                return true;
            }
            r = null;
            return false;
        }

        public override bool TryGetIndex(GetIndexBinder b, object[] a, out object r)
        {
            if (!IsSpoilt("Item", () => null, out r))
                r = At(Convert.ToInt32(a[0]));
            return true;
        }

        public override IEnumerable<string> GetDynamicMemberNames()
        {
            return get.Keys.Concat(call.Keys);
        }

        IEnumerator IEnumerable.GetEnumerator()
        {
            object answer;
            if (items != null && IsSpoilt("_NewEnum", () => null, out answer))
                return (answer == null ? new object[0] : new[] { answer }).GetEnumerator();
            return (items ?? new List<object> { this }).GetEnumerator();
        }

        public override string ToString()
        {
            return "System.__ComObject";
        }
    }
}
