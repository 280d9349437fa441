// SPDX-License-Identifier: GPL-3.0-or-later
// Stand-ins for System.IO.File and Directory: the real methods, with C:\ paths led to the folder that stands for C:.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Reflection.Emit;

namespace WindowsLab
{
    public static class WindowsPath
    {
        public static string Root
        {
            get
            {
                string root = Environment.GetEnvironmentVariable("LAB_ROOT");
                return string.IsNullOrEmpty(root) ? Lab.StatePath + ".c" : root;
            }
        }

        public static bool IsDrive(string path)
        {
            return path != null && path.Length > 1 && path[1] == ':' && char.IsAsciiLetter(path[0]);
        }

        // Drives other than C: have no folder: what lies there does not exist.
        public static string ToHost(string path)
        {
            // %SystemRoot% is the folder behind C:\Windows, and what is added to it has backslashes.
            bool isBelowRoot = path != null && path.StartsWith(Root + "/", StringComparison.Ordinal);
            if (!IsDrive(path) && !isBelowRoot)
                return path;
            string rest = path.Substring(isBelowRoot ? Root.Length : 2).Replace('\\', '/').Trim('/');
            bool isSystemDrive = isBelowRoot || char.ToUpperInvariant(path[0]) == 'C';
            string drive = isSystemDrive ? Root : Root + "." + path[0];
            return rest == "" ? drive : Spelled(drive, rest.Split('/'));
        }

        // NTFS takes names in any case; the folder behind C: is on a file system that does not.
        static string Spelled(string folder, string[] parts)
        {
            foreach (var part in parts)
            {
                string exact = Path.Combine(folder, part);
                string other = null;
                if (!File.Exists(exact) && !Directory.Exists(exact) && Directory.Exists(folder))
                    other = Directory
                        .EnumerateFileSystemEntries(folder)
                        .FirstOrDefault(e =>
                            string.Equals(Path.GetFileName(e), part, StringComparison.OrdinalIgnoreCase)
                        );
                folder = other ?? exact;
            }
            return folder;
        }

        // The files that a search under a C:\ path found, again as C:\ paths.
        public static string[] FromHost(string[] found, string asked)
        {
            if (!IsDrive(asked) || char.ToUpperInvariant(asked[0]) != 'C')
                return found;
            return found.Select(f => @"C:\" + f.Substring(Root.Length).Trim('/').Replace('/', '\\')).ToArray();
        }
    }

    public static class PathStandIn
    {
        static readonly MethodInfo toHost = typeof(WindowsPath).GetMethod("ToHost");
        static readonly MethodInfo fromHost = typeof(WindowsPath).GetMethod("FromHost");
        static readonly Dictionary<Type, Type> made = new Dictionary<Type, Type>();

        // The stand-in has every public static method of the real type; made once a process.
        public static Type Of(Type real)
        {
            lock (made)
            {
                Type type;
                if (!made.TryGetValue(real, out type))
                    made[real] = type = Make(real);
                return type;
            }
        }

        static Type Make(Type real)
        {
            var module = AssemblyBuilder
                .DefineDynamicAssembly(new AssemblyName("WindowsLab." + real.Name), AssemblyBuilderAccess.Run)
                .DefineDynamicModule(real.Name);
            var type = module.DefineType(
                real.FullName,
                TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed
            );
            foreach (var method in real.GetMethods(BindingFlags.Public | BindingFlags.Static))
                if (!method.IsGenericMethod)
                    Forward(type, method);
            return type.CreateType();
        }

        static void Forward(TypeBuilder type, MethodInfo method)
        {
            var parameters = method.GetParameters();
            var forward = type.DefineMethod(
                method.Name,
                MethodAttributes.Public | MethodAttributes.Static,
                method.ReturnType,
                parameters.Select(p => p.ParameterType).ToArray()
            );
            var code = forward.GetILGenerator();
            for (int i = 0; i < parameters.Length; i++)
            {
                var parameter = forward.DefineParameter(i + 1, parameters[i].Attributes, parameters[i].Name);
                if (parameters[i].HasDefaultValue && parameters[i].DefaultValue != null)
                    parameter.SetConstant(parameters[i].DefaultValue);
                code.Emit(OpCodes.Ldarg, i);
                if (IsPath(parameters[i]))
                    code.Emit(OpCodes.Call, toHost);
            }
            code.Emit(OpCodes.Call, method);
            if (method.ReturnType == typeof(string[]) && method.DeclaringType == typeof(Directory) && parameters.Length > 0)
            {
                code.Emit(OpCodes.Ldarg_0);
                code.Emit(OpCodes.Call, fromHost);
            }
            code.Emit(OpCodes.Ret);
        }

        static bool IsPath(ParameterInfo parameter)
        {
            string name = parameter.Name.ToLowerInvariant();
            return parameter.ParameterType == typeof(string)
                && (name.Contains("path") || name.Contains("filename") || name.Contains("dirname"));
        }
    }
}
