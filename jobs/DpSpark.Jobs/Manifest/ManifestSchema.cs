namespace DpSpark.Jobs.Manifest;

/// <summary>The JSON Schema of job manifests, for editors; <c>dpspark schema job</c> prints it.</summary>
public static class ManifestSchema
{
    /// <summary>JSON Schema, draft 2020-12.</summary>
    public static string Json { get; } = Load();

    private static string Load()
    {
        using var stream = typeof(ManifestSchema).Assembly.GetManifestResourceStream("DpSpark.Jobs.Manifest.job.schema.json")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
