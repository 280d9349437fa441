// Copyright (c) 2026 Compliance Agent team
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Internal to hipaa.compliance_agent; it may change in any release.
// The audit policy in force, from the functions of ntsecapi.h that auditpol.exe itself calls.
// C# 5 without a warning: Windows PowerShell 5.1 compiles this file in one run with Ansible.Basic,
// so that an error here would stop every module that requires it.

using Ansible.Privilege;
using System;
using System.IO;
using System.Runtime.InteropServices;

namespace ansible_collections.hipaa.compliance_agent.plugins.module_utils._AuditPolicy
{
    internal static class NativeMethods
    {
        // BOOLEAN is one byte, unlike BOOL: the other three of the register may hold anything.
        [DllImport("advapi32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.U1)]
        public static extern bool AuditEnumerateSubCategories(
            IntPtr pAuditCategoryGuid,
            [MarshalAs(UnmanagedType.U1)] bool bRetrieveAllSubCategories,
            out SafeAuditBuffer ppAuditSubCategoriesArray,
            out UInt32 pdwCountReturned);

        [DllImport("advapi32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.U1)]
        public static extern bool AuditQuerySystemPolicy(
            [In] Guid[] pSubCategoryGuids,
            UInt32 dwPolicyCount,
            out SafeAuditBuffer ppAuditPolicy);

        [DllImport("advapi32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.U1)]
        public static extern bool AuditEnumeratePerUserPolicy(out SafeAuditBuffer ppAuditSidArray);

        [DllImport("advapi32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.U1)]
        public static extern bool AuditQueryPerUserPolicy(
            IntPtr pSid,
            [In] Guid[] pSubCategoryGuids,
            UInt32 dwPolicyCount,
            out SafeAuditBuffer ppAuditPolicy);

        [DllImport("advapi32.dll")]
        public static extern void AuditFree(IntPtr Buffer);
    }

    internal sealed class SafeAuditBuffer : SafeHandle
    {
        public SafeAuditBuffer() : base(IntPtr.Zero, true) { }

        public override bool IsInvalid { get { return handle == IntPtr.Zero; } }

        /// <summary>Returns the address, which is never null.</summary>
        public IntPtr Address()
        {
            if (IsInvalid) { throw new InvalidDataException("Success without a buffer"); }
            return handle;
        }

        protected override bool ReleaseHandle()
        {
            NativeMethods.AuditFree(handle);
            return true;
        }
    }

    /// <summary>What is audited of one subcategory, as Windows said it: nothing is checked yet.</summary>
    public sealed class AuditSetting
    {
        private readonly Guid subcategory;
        private readonly UInt32 value;

        public AuditSetting(Guid subcategory, UInt32 value)
        {
            this.subcategory = subcategory;
            this.value = value;
        }

        public Guid Subcategory { get { return subcategory; } }

        /// <summary>AuditingInformation: 0 unchanged, 1 success, 2 failure, 4 none, of the system.</summary>
        public UInt32 Value { get { return value; } }
    }

    /// <summary>Each method throws Win32Exception with the code of the call that failed.</summary>
    public static class AuditPolicy
    {
        // The token of an administrator holds it and has it switched off.
        private const string SecurityPrivilege = "SeSecurityPrivilege";
        private const int GuidSize = 16;
        // AUDIT_POLICY_INFORMATION: GUID of the subcategory, ULONG AuditingInformation, GUID of the
        // category. All are aligned to 4, so nothing lies between them, on 32 and on 64 bits.
        private const int InformationOffset = GuidSize;
        private const int SettingSize = GuidSize + 4 + GuidSize;
        // Of a user: 1 success, 2 not success, 4 failure, 8 not failure; 16 is none.
        private const UInt32 UserBits = 0x0F;

        /// <summary>Returns the subcategories that this Windows has.</summary>
        public static Guid[] GetSubcategories()
        {
            SafeAuditBuffer buffer;
            UInt32 count;
            bool isDone = NativeMethods.AuditEnumerateSubCategories(IntPtr.Zero, true, out buffer, out count);
            using (buffer)
            {
                if (!isDone) { throw new Win32Exception("AuditEnumerateSubCategories() failed"); }
                IntPtr first = buffer.Address();
                Guid[] guids = new Guid[count];
                for (int i = 0; i < guids.Length; i++) { guids[i] = ReadGuid(IntPtr.Add(first, i * GuidSize)); }
                return guids;
            }
        }

        /// <summary>Returns one setting for each of the subcategories, in their order.</summary>
        public static AuditSetting[] GetSystemSettings(Guid[] subcategories)
        {
            using (new PrivilegeEnabler(true, SecurityPrivilege))
            {
                SafeAuditBuffer buffer;
                bool isDone = NativeMethods.AuditQuerySystemPolicy(
                    subcategories, (UInt32)subcategories.Length, out buffer);
                using (buffer)
                {
                    if (!isDone) { throw new Win32Exception("AuditQuerySystemPolicy() failed"); }
                    return ReadSettings(buffer, subcategories.Length);
                }
            }
        }

        /// <summary>Returns how many settings are of single accounts.</summary>
        public static int CountUserSettings(Guid[] subcategories)
        {
            using (new PrivilegeEnabler(true, SecurityPrivilege))
            {
                SafeAuditBuffer buffer;
                bool isDone = NativeMethods.AuditEnumeratePerUserPolicy(out buffer);
                using (buffer)
                {
                    if (!isDone) { throw new Win32Exception("AuditEnumeratePerUserPolicy() failed"); }
                    // POLICY_AUDIT_SID_ARRAY: ULONG UsersCount, PSID *UserSidArray, aligned as a pointer.
                    int users = Marshal.ReadInt32(buffer.Address());
                    IntPtr sids = users == 0 ? IntPtr.Zero : Marshal.ReadIntPtr(buffer.Address(), IntPtr.Size);
                    int found = 0;
                    for (int i = 0; i < users; i++)
                    {
                        found += CountSettingsOf(Marshal.ReadIntPtr(sids, i * IntPtr.Size), subcategories);
                    }
                    return found;
                }
            }
        }

        private static int CountSettingsOf(IntPtr sid, Guid[] subcategories)
        {
            SafeAuditBuffer buffer;
            bool isDone = NativeMethods.AuditQueryPerUserPolicy(
                sid, subcategories, (UInt32)subcategories.Length, out buffer);
            using (buffer)
            {
                if (!isDone) { throw new Win32Exception("AuditQueryPerUserPolicy() failed"); }
                int found = 0;
                foreach (AuditSetting setting in ReadSettings(buffer, subcategories.Length))
                {
                    if ((setting.Value & UserBits) != 0) { found++; }
                }
                return found;
            }
        }

        private static AuditSetting[] ReadSettings(SafeAuditBuffer buffer, int count)
        {
            AuditSetting[] settings = new AuditSetting[count];
            for (int i = 0; i < count; i++)
            {
                IntPtr item = IntPtr.Add(buffer.Address(), i * SettingSize);
                UInt32 information = unchecked((UInt32)Marshal.ReadInt32(item, InformationOffset));
                settings[i] = new AuditSetting(ReadGuid(item), information);
            }
            return settings;
        }

        private static Guid ReadGuid(IntPtr address)
        {
            byte[] bytes = new byte[GuidSize];
            Marshal.Copy(address, bytes, 0, GuidSize);
            return new Guid(bytes);
        }
    }
}
