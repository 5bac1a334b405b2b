using DpSpark.Jobs.Sources.Parquet;
using DpSpark.Testing;
using DpSpark.Vectors.Formats;

namespace DpSpark.Tests.Sources.Parquet;

public sealed class ParquetVectorTests
{
    public static TheoryData<string, int, bool> Ways => new()
    {
        { "default", 65536, false },
        { "batches of 7 rows", 7, false },
        { "dictionaries kept", 65536, true },
        { "dictionaries kept, batches of 13 rows", 13, true },
    };

    [SkippableTheory]
    [MemberData(nameof(Ways))]
    public void Read_EveryVector_AsExpected(string way, int batchRows, bool keepDictionaries)
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);

        var vectors = VectorIndex.Read(SharedFiles.PathOf("vectors", "parquet"));
        var failures = vectors
            .Select(v => (v.File, Verdict: ParquetVectors.Run(v, o => o with { BatchRows = batchRows, KeepDictionaries = keepDictionaries })))
            .Where(v => v.Verdict.Outcome == Outcome.Fail)
            .Select(v => v.File + ": " + v.Verdict.Detail)
            .ToList();

        Assert.True(vectors.Count >= 400, "the folder of vectors is not whole");
        Assert.True(failures.Count == 0, way + "\n" + string.Join("\n", failures));
    }

    [SkippableFact]
    public void Read_VectorsOfSupportedCodecs_AreNotRefused()
    {
        Skip.If(SharedFiles.Folder is null, SharedFiles.SkipReason);

        var refused = VectorIndex.Read(SharedFiles.PathOf("vectors", "parquet"))
            .Select(v => (v.File, Verdict: ParquetVectors.Run(v)))
            .Where(v => v.Verdict.Outcome == Outcome.Unsupported)
            .ToList();

        Assert.All(refused, v => Assert.Matches("nested columns|BIT_PACKED", v.Verdict.Detail));
    }
}
