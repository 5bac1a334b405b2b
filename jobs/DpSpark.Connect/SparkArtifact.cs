namespace DpSpark.Connect;

/// <summary>A file that travels with the session. The name's first folder says what becomes of it on the cluster.</summary>
public sealed class SparkArtifact
{
    private SparkArtifact(string name, long length, Func<Stream> open)
    {
        if (name.Length == 0 || name[0] == '/' || name.Split('/').Contains(".."))
        {
            throw new ArgumentException("The name of an artifact is a relative path.", nameof(name));
        }

        Name = name;
        Length = length;
        Open = open;
    }

    /// <summary>Relative path: <c>archives/name.tar.gz#folder</c> is unpacked beside every task, <c>files/name</c> is copied there.</summary>
    public string Name { get; }

    /// <summary>Size in bytes.</summary>
    public long Length { get; }

    internal Func<Stream> Open { get; }

    /// <summary>An artifact from a file.</summary>
    /// <param name="name">See <see cref="Name"/>.</param>
    /// <param name="path">The file on this machine. It must not change while it is sent.</param>
    public static SparkArtifact FromFile(string name, string path) => new(name, new FileInfo(path).Length, () => File.OpenRead(path));

    /// <summary>An artifact from memory.</summary>
    /// <param name="name">See <see cref="Name"/>.</param>
    /// <param name="content">The bytes; must not change while they are sent.</param>
    public static SparkArtifact FromBytes(string name, byte[] content) => new(name, content.Length, () => new MemoryStream(content, writable: false));
}
