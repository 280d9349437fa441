// SPDX-License-Identifier: GPL-3.0-or-later
// Stand-in for System.IO.Path: Windows rules for C:\ and \\server\share paths, those of this machine for all others.
using System;
using System.IO;
using System.Linq;

namespace WindowsLab
{
    public static class PathShim
    {
        public static readonly char DirectorySeparatorChar = Path.DirectorySeparatorChar;
        public static readonly char AltDirectorySeparatorChar = Path.AltDirectorySeparatorChar;
        public static readonly char VolumeSeparatorChar = Path.VolumeSeparatorChar;
        public static readonly char PathSeparator = Path.PathSeparator;

        static bool IsWindows(string path)
        {
            return WindowsPath.IsDrive(path) || (path != null && path.StartsWith(@"\\"));
        }

        // Where the last name of a Windows path begins.
        static int NameAt(string path)
        {
            int at = path.LastIndexOfAny(new[] { '\\', '/' }) + 1;
            return at == 0 && WindowsPath.IsDrive(path) ? 2 : at;
        }

        public static string GetFileName(string path)
        {
            return IsWindows(path) ? path.Substring(NameAt(path)) : Path.GetFileName(path);
        }

        public static string GetFileNameWithoutExtension(string path)
        {
            return Path.GetFileNameWithoutExtension(GetFileName(path));
        }

        public static string GetExtension(string path)
        {
            return Path.GetExtension(IsWindows(path) ? GetFileName(path) : path);
        }

        public static bool HasExtension(string path)
        {
            return Path.HasExtension(IsWindows(path) ? GetFileName(path) : path);
        }

        public static string ChangeExtension(string path, string extension)
        {
            return Path.ChangeExtension(path, extension);
        }

        public static string GetDirectoryName(string path)
        {
            if (!IsWindows(path))
                return Path.GetDirectoryName(path);
            int at = NameAt(path);
            if (at >= path.Length && at <= 3)
                return null;
            return at <= 3 ? path.Substring(0, at) : path.Substring(0, at - 1);
        }

        public static string GetPathRoot(string path)
        {
            return WindowsPath.IsDrive(path) ? path.Substring(0, Math.Min(3, path.Length)) : Path.GetPathRoot(path);
        }

        public static bool IsPathRooted(string path)
        {
            return IsWindows(path) || Path.IsPathRooted(path);
        }

        public static bool IsPathFullyQualified(string path)
        {
            return IsWindows(path) || Path.IsPathFullyQualified(path);
        }

        public static string GetFullPath(string path)
        {
            return IsWindows(path) ? path.Replace('/', '\\') : Path.GetFullPath(path);
        }

        public static string GetRelativePath(string relativeTo, string path)
        {
            return Path.GetRelativePath(relativeTo, path);
        }

        public static string Combine(params string[] paths)
        {
            int from = Array.FindLastIndex(paths, IsPathRooted);
            if (from < 0 || !IsWindows(paths[from]))
                return Path.Combine(paths);
            var parts = paths.Skip(from + 1).Where(p => p != "").ToArray();
            return parts.Aggregate(paths[from], (whole, part) => whole.TrimEnd('\\') + "\\" + part);
        }

        public static string Join(params string[] paths)
        {
            return paths.Length > 0 && IsWindows(paths[0]) ? Combine(paths) : Path.Join(paths);
        }

        public static bool Exists(string path)
        {
            return Path.Exists(WindowsPath.ToHost(path));
        }

        public static bool EndsInDirectorySeparator(string path)
        {
            return Path.EndsInDirectorySeparator(path);
        }

        public static string TrimEndingDirectorySeparator(string path)
        {
            return Path.TrimEndingDirectorySeparator(path);
        }

        public static char[] GetInvalidFileNameChars()
        {
            return "\"<>|:*?\\/".ToCharArray().Concat(Enumerable.Range(0, 32).Select(i => (char)i)).ToArray();
        }

        public static char[] GetInvalidPathChars()
        {
            return "|".ToCharArray().Concat(Enumerable.Range(0, 32).Select(i => (char)i)).ToArray();
        }

        public static string GetRandomFileName()
        {
            return Path.GetRandomFileName();
        }

        // As $env:TEMP: the machine's name of the folder, which C# and native tools understand too.
        public static string GetTempPath()
        {
            string temp = Environment.GetEnvironmentVariable("TEMP");
            return string.IsNullOrEmpty(temp) ? Path.GetTempPath() : temp.TrimEnd('/') + "/";
        }

        public static string GetTempFileName()
        {
            string folder = GetTempPath();
            for (; ; )
            {
                string path = Path.Combine(folder, "tmp" + Path.GetRandomFileName().Substring(0, 4).ToUpperInvariant() + ".tmp");
                try
                {
                    new FileStream(path, FileMode.CreateNew).Dispose();
                    return path;
                }
                catch (IOException)
                {
                    if (!File.Exists(path))
                        throw;
                }
            }
        }
    }
}
