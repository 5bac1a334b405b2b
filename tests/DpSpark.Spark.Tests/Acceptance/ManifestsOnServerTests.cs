using DpSpark.Testing.Spark;

namespace DpSpark.Spark.Tests.Acceptance;

/// <summary>Every manifest of the repository on a Spark Connect server, as <c>dpspark run --remote</c>: what the local engine writes.</summary>
[Collection(SparkCollection.Name)]
public sealed class ManifestsOnServerTests(SparkServerFixture spark)
{
    public static TheoryData<string> Manifests() => [.. ManifestCase.All];

    [SkippableTheory]
    [MemberData(nameof(Manifests))]
    public void Run_Remote_IsTheLocalEnginesOutput(string manifest)
    {
        var server = spark.Server;
        using var job = ManifestCase.Of(manifest);

        job.Run("here");
        job.Run("there", "--remote", server.ConnectionString);

        job.AssertSame("here", "there");
    }
}
