namespace DpSpark.Jobs.Sources;

/// <summary>One file of the input as it was when the run looked at it first.</summary>
/// <param name="Path">Full path.</param>
/// <param name="Name">The path as people wrote it or relative to the manifest's folder, with forward slashes: for messages and for the order of files.</param>
/// <param name="Length">Bytes.</param>
/// <param name="ModifiedUtc">Time of the last change.</param>
public sealed record InputFile(string Path, string Name, long Length, DateTime ModifiedUtc)
{
    /// <summary>Looks at a file.</summary>
    /// <param name="path">Full path of a file that exists.</param>
    /// <param name="name">Its name in messages.</param>
    internal static InputFile Of(string path, string name)
    {
        // The target of a link is what will be read: its size and time count.
        var info = new FileInfo(path);
        var target = info.LinkTarget is null ? info : (FileInfo)(info.ResolveLinkTarget(returnFinalTarget: true) ?? info);
        return new InputFile(path, name, target.Length, target.LastWriteTimeUtc);
    }
}
