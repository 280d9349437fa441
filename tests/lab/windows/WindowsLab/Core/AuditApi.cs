// SPDX-License-Identifier: GPL-3.0-or-later
// What the simulated host answers to the audit functions of advapi32.dll; the calls themselves are
// played by tests/lab/native/advapi32.c, which needs a C compiler. Without it P/Invoke finds no DLL.
#pragma warning disable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Globalization;
using System.Linq;
using System.Runtime.InteropServices;

namespace WindowsLab
{
    public static class AuditApi
    {
        const uint Success = 0,
            FileNotFound = 2,
            GeneralFailure = 31,
            InvalidParameter = 87,
            CallNotImplemented = 120,
            PrivilegeNotHeld = 1314,
            InternalError = 1359,
            Timeout = 1460;
        const int GuidSize = 16,
            SettingSize = 36;
        const uint Wrong = 42;

        // Digits of {0CCE92xx-69AE-11D9-BED3-505054503030}, as in Native/audit_names.py.
        const string Subcategories =
            "10 11 12 13 14 15 16 17 18 19 1A 1B 1C 43 47 49 1D 1E 1F 20 21 22 23 24 25 26 27 44 45 46 28 29 2A "
            + "2B 2C 2D 2E 48 4A 2F 30 31 32 33 34 35 36 37 38 39 3A 3B 3C 3D 3E 3F 40 41 42";

        delegate uint HasPrivilege(out uint answer);
        delegate uint ListOf(IntPtr items, uint room, out uint count);
        delegate uint SystemPolicy(IntPtr guids, uint count, IntPtr items);
        delegate uint UserPolicy(IntPtr sid, IntPtr guids, uint count, IntPtr items);

        [StructLayout(LayoutKind.Sequential)]
        struct Answers
        {
            public HasPrivilege HasPrivilege;
            public ListOf Subcategories;
            public SystemPolicy SystemPolicy;
            public ListOf Users;
            public UserPolicy UserPolicy;
        }

        [DllImport("advapi32.dll")]
        static extern void LabConnect(ref Answers answers);

        // Native code holds these addresses for as long as the process lives.
        static Answers answers = new Answers
        {
            HasPrivilege = AnswerPrivilege,
            Subcategories = AnswerSubcategories,
            SystemPolicy = AnswerSystemPolicy,
            Users = AnswerUsers,
            UserPolicy = AnswerUserPolicy,
        };

        /// <summary>Begin a task: its process has the privilege, if at all, switched off.</summary>
        public static void Connect()
        {
            try
            {
                LabConnect(ref answers);
            }
            catch (DllNotFoundException)
            {
                // As for the code under test, which then reads auditpol.
            }
        }

        static uint AnswerPrivilege(out uint answer)
        {
            uint held = 0;
            uint error = Answer("AdjustTokenPrivileges", fault => { held = Lab.IsElevated ? 1u : 0u; });
            answer = held;
            return error == PrivilegeNotHeld ? Success : error;
        }

        static uint AnswerSubcategories(IntPtr items, uint room, out uint count)
        {
            uint found = 0;
            uint error = Answer("AuditEnumerateSubCategories", fault =>
            {
                // A host without any audit policy has no subcategories, as in auditpol.
                var guids = Policy().Count == 0 || Is(fault, "empty") ? new List<Guid>() : All().ToList();
                if (Is(fault, "garbage"))
                    guids[guids.Count - 1] = guids[0];
                for (int i = 0; i < guids.Count; i++)
                    Write(IntPtr.Add(items, i * GuidSize), guids[i]);
                found = (uint)guids.Count;
            });
            count = found;
            return error;
        }

        static uint AnswerSystemPolicy(IntPtr guids, uint count, IntPtr items)
        {
            var unknown = new List<Guid>();
            uint error = Answer("AuditQuerySystemPolicy", fault =>
            {
                unknown.AddRange(Asked(guids, count).Except(All()));
                WriteSettings(fault, guids, count, items, Policy());
            });
            return unknown.Count > 0 ? InvalidParameter : error;
        }

        static uint AnswerUsers(IntPtr items, uint room, out uint count)
        {
            uint found = 0;
            uint error = Answer("AuditEnumeratePerUserPolicy", fault =>
            {
                foreach (string sid in Users().Keys)
                    WriteSid(IntPtr.Add(items, (int)found++ * 68), sid);
            });
            count = found;
            return error;
        }

        static uint AnswerUserPolicy(IntPtr sid, IntPtr guids, uint count, IntPtr items)
        {
            bool isKnown = false;
            uint error = Answer("AuditQueryPerUserPolicy", fault =>
            {
                var policy = Users()[ReadSid(sid)] as OrderedDictionary;
                isKnown = policy != null;
                if (isKnown)
                    WriteSettings(fault, guids, count, items, policy);
            });
            return error == Success && !isKnown ? FileNotFound : error;
        }

        // Native code cannot catch what is thrown here: a defect of the lab is told, and is an error of the call.
        static uint Answer(string function, Action<Fault> give)
        {
            try
            {
                var fault = Faults.Meet("api:" + function, "api:advapi32.dll");
                uint error = Error(fault);
                if (error == Success)
                    give(fault);
                return error;
            }
            catch (Exception error)
            {
                Console.Error.WriteLine("lab: " + function + ": " + error);
                return GeneralFailure;
            }
        }

        static uint Error(Fault fault)
        {
            if (fault == null || fault.IsInData)
                return Success;
            switch (fault.Type)
            {
                case "denied":
                    return Code(fault, PrivilegeNotHeld);
                case "missing":
                    return Code(fault, CallNotImplemented);
                case "hang":
                    return Timeout;
                default:
                    return Code(fault, InternalError);
            }
        }

        static uint Code(Fault fault, uint usual)
        {
            return (uint)fault.HResult(usual) & 0xFFFF;
        }

        static bool Is(Fault fault, string type)
        {
            return fault != null && fault.Type == type;
        }

        static IEnumerable<Guid> All()
        {
            return Subcategories.Split(' ').Select(x => new Guid("0CCE92" + x + "-69AE-11D9-BED3-505054503030"));
        }

        static OrderedDictionary Policy()
        {
            return Lab.Map(Lab.Load(), "audit", "policy") ?? Lab.NewMap();
        }

        static OrderedDictionary Users()
        {
            return Lab.Map(Lab.Load(), "audit", "users") ?? Lab.NewMap();
        }

        static IEnumerable<Guid> Asked(IntPtr guids, uint count)
        {
            for (int i = 0; i < count; i++)
                yield return Read(IntPtr.Add(guids, i * GuidSize));
        }

        static void WriteSettings(Fault fault, IntPtr guids, uint count, IntPtr items, OrderedDictionary policy)
        {
            int i = 0;
            foreach (Guid asked in Asked(guids, count).ToList())
            {
                Guid guid = asked;
                uint value = Convert.ToUInt32(policy[asked.ToString("B").ToUpperInvariant()] ?? 0, CultureInfo.InvariantCulture);
                if (Is(fault, "empty"))
                {
                    guid = Guid.Empty;
                    value = 0;
                }
                if (Is(fault, "garbage") && fault.Covers("AuditSubCategoryGuid"))
                    guid = new Guid(asked.ToByteArray().Reverse().ToArray());
                if (Is(fault, "garbage") && fault.Covers("AuditingInformation"))
                    value = Wrong;
                var item = IntPtr.Add(items, SettingSize * i++);
                Write(item, guid);
                Marshal.WriteInt32(item, GuidSize, (int)value);
                Write(IntPtr.Add(item, GuidSize + 4), Guid.Empty);
            }
        }

        static Guid Read(IntPtr address)
        {
            var bytes = new byte[GuidSize];
            Marshal.Copy(address, bytes, 0, GuidSize);
            return new Guid(bytes);
        }

        static void Write(IntPtr address, Guid guid)
        {
            Marshal.Copy(guid.ToByteArray(), 0, address, GuidSize);
        }

        // SID: revision 1, number of subauthorities, authority as six bytes big endian, each part as four little endian.
        static void WriteSid(IntPtr address, string text)
        {
            var parts = text.Split('-').Skip(2).Select(x => uint.Parse(x, CultureInfo.InvariantCulture)).ToArray();
            var head = new byte[] { 1, (byte)(parts.Length - 1), 0, 0, 0, 0, 0, (byte)parts[0] };
            Marshal.Copy(head, 0, address, head.Length);
            for (int i = 1; i < parts.Length; i++)
                Marshal.WriteInt32(address, 4 + 4 * i, unchecked((int)parts[i]));
        }

        static string ReadSid(IntPtr address)
        {
            var parts = Enumerable
                .Range(0, Marshal.ReadByte(address, 1))
                .Select(i => unchecked((uint)Marshal.ReadInt32(address, 8 + 4 * i)));
            return "S-1-" + Marshal.ReadByte(address, 7) + string.Concat(parts.Select(x => "-" + x));
        }
    }
}
