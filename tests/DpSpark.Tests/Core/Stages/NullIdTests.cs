using DpSpark.Tests.Running;

namespace DpSpark.Tests.Core.Stages;

/// <summary>Rows without an id: gone, or one unit in all (dp-math.md 0.5).</summary>
public sealed class NullIdTests : IDisposable
{
    private readonly TempFolder _work = new();

    public void Dispose() => _work.Dispose();

    [Theory]
    [InlineData("long")]
    [InlineData("string")]
    public void Run_NullIdDropsAndItsColumnKeepsNulls_LeavesTheRowsOut(string type)
    {
        var lines = Run($"a: {{ type: {type}, nulls: keep }}, b: string", "a", "drop", "a", "a,b\n,x\n1,x\n,y\n1,y\n0,x\n");

        Assert.Equal(["a,units,records", "0,1,1", "1,1,2"], lines);
    }

    [Theory]
    [InlineData("drop", "c,units,records", "k,2,2")]
    [InlineData("one_unit", "c,units,records", "k,3,5")]
    public void Run_IdOfTwoColumnsWithNulls_IsANullId(string policy, params string[] expected)
    {
        var lines = Run("a: long, b: string, c: string", "[a, b]", policy, "c", "a,b,c\n1,x,k\n1,y,k\n,x,k\n,y,k\n1,,k\n");

        Assert.Equal(expected, lines);
    }

    private string[] Run(string columns, string id, string policy, string partition, string rows)
    {
        _work.Write("rows.csv", rows);
        _work.Write("job.yml",
            $$"""
            source: { csv: rows.csv, columns: { {{columns}} } }
            privacy_unit: { id: {{id}}, null_id: {{policy}}, max_partitions_contributed: 9, max_contributions_per_partition: 9 }
            partition_by: [{{partition}}]
            partition_selection: { strategy: truncated_geometric }
            aggregates: [{ privacy_id_count: "*", as: units }, { count: "*", as: records }]
            privacy: { epsilon: 1, delta: 1e-6 }
            output: { path: out, format: csv }
            """);

        var run = CommandLineRun.In(_work.Path, "run", "job.yml", "--test-mode", "bounded");

        Assert.True(run.Code == 0, run.Error);
        return File.ReadAllLines(Assert.Single(Directory.GetFiles(_work["out"], "test-part-*")));
    }
}
