using System.IO.Enumeration;
using DpSpark.Core;

namespace DpSpark.Jobs.Sources;

/// <summary>Finds the files of a source: a file, a folder, a glob, or a list of these.</summary>
/// <remarks>
/// In folders (and where a wildcard stands for a name) everything whose name begins with <c>_</c> or <c>.</c> is skipped, as Spark and its kin do; a file named outright is
/// always taken. A folder means all files in it and below it. The order is that of the names by their UTF-16 code units, whatever the file system says.
/// </remarks>
public static class InputFiles
{
    private static readonly char[] s_wildcards = ['*', '?'];

    /// <summary>Finds the files.</summary>
    /// <param name="paths">Files, folders and globs (<c>*</c>, <c>?</c>, <c>**</c> for any number of folders), relative to <paramref name="baseFolder"/> or absolute.</param>
    /// <param name="baseFolder">The manifest's folder.</param>
    /// <returns>At least one file; in name order; each once.</returns>
    /// <exception cref="DpSparkException">A path matches nothing (DPS5101), is on storage that is not supported yet (DPS2090), or may not be looked into (DPS5109).</exception>
    public static IReadOnlyList<InputFile> Find(IReadOnlyList<string> paths, string baseFolder)
    {
        var root = Path.GetFullPath(baseFolder);
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in paths)
        {
            var any = false;
            try
            {
                foreach (var file in Match(path, root))
                {
                    any = true;
                    found.TryAdd(NameOf(file, root), file);
                }
            }
            catch (Exception e) when (e is UnauthorizedAccessException or IOException)
            {
                throw new DpSparkException("DPS5109", ExitCodes.Environment, $"source '{path}' cannot be looked into.", e.Message,
                    ["give the account that runs dpspark the right to read the folder and its files"], e);
            }

            if (!any)
            {
                throw NothingMatched(path, root);
            }
        }

        return [.. found.Select(f => InputFile.Of(f.Value, f.Key))];
    }

    private static IEnumerable<string> Match(string path, string root)
    {
        if (path.Contains("://", StringComparison.Ordinal))
        {
            throw new DpSparkException("DPS2090", ExitCodes.Usage, $"source '{path}' is not on this machine; the local engine reads local files only.",
                "Addresses with a scheme are read by Spark.", ["run the job on Spark, with --remote or ./spark-submit.sh", "copy the files here, or mount the storage"]);
        }

        var portable = OperatingSystem.IsWindows() ? path.Replace('\\', '/') : path;
        var full = Path.Combine(root, portable);
        if (File.Exists(full))
        {
            return [Path.GetFullPath(full)];
        }

        if (Directory.Exists(full))
        {
            return FilesBelow(Path.GetFullPath(full));
        }

        if (portable.IndexOfAny(s_wildcards) < 0)
        {
            return [];
        }

        var segments = portable.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var start = Path.IsPathRooted(portable) ? Path.GetPathRoot(full)! : root;
        if (OperatingSystem.IsWindows() && Path.IsPathRooted(portable))
        {
            segments = segments[1..];
        }

        return Glob(start, segments, 0);
    }

    private static IEnumerable<string> Glob(string folder, string[] segments, int at)
    {
        if (at == segments.Length)
        {
            return FilesBelow(folder);
        }

        var segment = segments[at];
        var last = at == segments.Length - 1;
        if (segment == "**")
        {
            var here = last ? FilesIn(folder).Where(IsShown) : Glob(folder, segments, at + 1);
            return here.Concat(FoldersIn(folder).Where(IsShown).SelectMany(f => Glob(f, segments, at)));
        }

        if (segment.IndexOfAny(s_wildcards) < 0)
        {
            var path = Path.Combine(folder, segment);
            return last && File.Exists(path) ? [Path.GetFullPath(path)] : Directory.Exists(path) ? Glob(Path.GetFullPath(path), segments, at + 1) : [];
        }

        if (!Directory.Exists(folder))
        {
            return [];
        }

        var folders = FoldersIn(folder).Where(f => Matches(segment, f)).SelectMany(f => Glob(f, segments, at + 1));
        return last ? FilesIn(folder).Where(f => Matches(segment, f)).Concat(folders) : folders;
    }

    private static bool Matches(string pattern, string path)
    {
        var name = Path.GetFileName(path.AsSpan());

        // A pattern that spells the mark of a hidden name out asks for hidden names.
        return FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false) && (!IsHidden(name) || IsHidden(pattern));
    }

    private static IEnumerable<string> FilesBelow(string folder) => FilesIn(folder).Where(IsShown)
        .Concat(FoldersIn(folder).Where(IsShown).SelectMany(FilesBelow));

    private static IEnumerable<string> FilesIn(string folder) => Directory.EnumerateFiles(folder);

    private static IEnumerable<string> FoldersIn(string folder) => Directory.EnumerateDirectories(folder);

    private static bool IsShown(string path) => !IsHidden(Path.GetFileName(path.AsSpan()));

    private static bool IsHidden(ReadOnlySpan<char> name) => name.Length > 0 && name[0] is ('_' or '.');

    private static string NameOf(string path, string root)
    {
        var relative = Path.GetRelativePath(root, path);
        return (relative.StartsWith("..", StringComparison.Ordinal) ? path : relative).Replace(Path.DirectorySeparatorChar, '/');
    }

    private static DpSparkException NothingMatched(string path, string root)
    {
        var folder = Directory.Exists(Path.Combine(root, path));
        return new DpSparkException("DPS5101", ExitCodes.Contract,
            folder ? $"source '{path}' is a folder without a file that counts." : $"source '{path}' matches no file.",
            folder ? "Names that begin with '_' or '.' are skipped in folders." : $"Paths are relative to the manifest's folder, {root}.",
            ["check the path, also its upper and lower case", "check that the file has arrived, then run again: nothing was spent"]);
    }
}
