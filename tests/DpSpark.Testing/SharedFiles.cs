namespace DpSpark.Testing;

/// <summary>Finds the repository root and the folder of shared vectors and data beside it. Neither the build nor the README's commands need the latter.</summary>
public static class SharedFiles
{
    /// <summary>The folder that holds <c>DpSpark.sln</c>.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>The folder <c>shared</c> beside the repository, or null where there is none.</summary>
    public static string? Folder { get; } = Directory.Exists(Path.Combine(RepositoryRoot, "..", "shared", "vectors"))
        ? Path.GetFullPath(Path.Combine(RepositoryRoot, "..", "shared"))
        : null;

    /// <summary>Why tests of shared files skip; give it to <c>Skip.If</c> together with <see cref="Folder"/> being null.</summary>
    public const string SkipReason = "skipped: no folder 'shared' beside the repository (vectors and datasets are not part of it)";

    /// <summary>Full path of something in the shared folder.</summary>
    /// <param name="parts">Path below the folder.</param>
    /// <exception cref="InvalidOperationException">There is no shared folder; skip the test first.</exception>
    public static string PathOf(params string[] parts) =>
        Path.Combine([Folder ?? throw new InvalidOperationException(SkipReason), .. parts]);

    private static string FindRoot()
    {
        for (var d = new DirectoryInfo(AppContext.BaseDirectory); d is not null; d = d.Parent)
        {
            if (File.Exists(Path.Combine(d.FullName, "DpSpark.sln")))
            {
                return d.FullName;
            }
        }

        throw new InvalidOperationException("The tests run outside a checkout: no DpSpark.sln above " + AppContext.BaseDirectory);
    }
}
