using DpSpark.Jobs.Manifest;
using DpSpark.Tests.Jobs.Manifest;
using DpSpark.Tests.Running;

namespace DpSpark.Tests.House;

/// <summary>Whatever a manifest can say, code can say: a key or word of the JSON Schema that no job made by code uses fails here.</summary>
public sealed class ApiOfManifestTests
{
    /// <summary>What is the case where nothing is said.</summary>
    private static readonly string[] s_unsaid = ["csv.header=true", "job.on_late_data=refuse", "output.mode=error", "privacy_unit.null_id=drop"];

    [Fact]
    public void Schema_EveryKeyAndWord_IsReachableByCode()
    {
        var schema = new SchemaUse();

        foreach (var job in JobsByCode.All)
        {
            schema.Note(job.ToYaml());
        }

        Assert.NotEmpty(schema.All);
        Assert.Empty(schema.All.Except(schema.Used).Except(s_unsaid));
    }

    [Fact]
    public void ToYaml_EveryJobByCode_IsReadAndLoadedAsTheSameJob()
    {
        using var folder = new TempFolder();
        foreach (var job in JobsByCode.All)
        {
            var yaml = job.ToYaml();
            var path = folder.Write("job.yml", yaml);

            var canonical = job.ToManifest().ToCanonicalText();

            Assert.Empty(new JsonSchemaChecker(System.Text.Json.Nodes.JsonNode.Parse(ManifestSchema.Json)!.AsObject()).Check(ManifestSchemaTests.ToJson(yaml)));
            Assert.Equal(canonical, ManifestReader.ReadText(yaml, GoodJobs.Options).EnsureJob().ToCanonicalText());
            var loaded = DpJob.Load(path, GoodJobs.Options);
            Assert.Equal(canonical, loaded.ToManifest().ToCanonicalText());
            Assert.Equal(yaml, loaded.ToYaml());
        }
    }

    [Fact]
    public void Plan_EveryJobByCode_IsMade()
    {
        Assert.All(JobsByCode.All, job => Assert.Contains(job.ToManifest().Request.Name, job.Plan().ToText(), StringComparison.Ordinal));
    }
}
