using System.Numerics;
using DpSpark.Core.Noise;
using DpSpark.Core.Stages;
using DpSpark.Engine.Flow;
using DpSpark.Engine.Planning;
using DpSpark.Testing.Statistics;
using Xunit.Abstractions;
using static DpSpark.Audit.Tests.AuditJob;
using static DpSpark.Audit.Tests.Privacy.Tables;

namespace DpSpark.Audit.Tests.Privacy;

/// <summary>Attacks on the low bits of released doubles: every number lies on a grid that the plan names and the data do not move, and its remainder on coarser grids says nothing.</summary>
public sealed class PrecisionTests(ITestOutputHelper output)
{
    /// <summary>Power of two of the plan's grid: 40 bits below a noise scale of 5.</summary>
    private const int GridExponent = -38;

    /// <summary>Bits by which the wrong double's noise is too coarse.</summary>
    private const int CoarseBits = 20;

    private static readonly Neighbours s_sum = new()
    {
        Name = "low bits of a sum",
        Request = Request(2, 1, 1, Aggregate(AggregateKind.Sum, "x", "real", "-3", "5")),
        Others = [.. Crowd(1, 4, 0.25)],
        Unit = Added(1, 1, 0.1),
        Keys = Keys(1),
        Base = 1,
        Change = 0.1,
        Lattice = Math.ScaleB(1, GridExponent + CoarseBits),
    };

    [Fact]
    public void Release_LowBitsOfASum_KeepTheClaim() => AuditRun.CheckAll(s_sum, output);

    [Fact]
    public void Release_CoarseNoiseOnAFineSum_IsCaught()
    {
        var plan = Planner.Plan(s_sum.Request);
        var draw = plan.Spec.Nodes[0].Draws[0];
        Assert.Equal(GridExponent, draw.Grid.BinaryExponent);
        var noise = draw.Noise with { Numerator = draw.Noise.Numerator >> CoarseBits };
        var sampler = new NoiseSampler(noise);
        var stream = new KeyedStream(System.Security.Cryptography.SHA256.HashData("coarse"u8));

        // The engine's exact, bounded sums; the noise has the right scale but is a multiple of 2^20 grid units.
        double Broken(Arrow.RecordBatch table, int release, string name, long key) =>
            ValueOf(table, name, key) + draw.Grid.ToDouble((BigInteger)sampler.Sample(stream) << CoarseBits);
        var without = AuditRun.Collect(s_sum, plan, false, "coarse", Broken, RunMode.Bounded);
        var found = EmpiricalEpsilon.Measure(without, AuditRun.Collect(s_sum, plan, true, "coarse", Broken, RunMode.Bounded), 0);

        output.WriteLine(found.ToString());
        Assert.True(found.LowerWithPower > 1, found.ToString());
    }

    [Theory]
    [InlineData(NoiseChoice.Laplace)]
    [InlineData(NoiseChoice.Gaussian)]
    public void Release_SumsOfAnyData_LieOnThePlansGrid(NoiseChoice choice)
    {
        var request = Request(3, 2, 2, Aggregate(AggregateKind.Sum, "x", "real", "-3", "5"), PartitionSum("y", "real", "-30", "50"));
        var plan = Planner.Plan(choice == NoiseChoice.Gaussian ? request.Gaussian("1e-6") : request);
        var random = new Random(7);

        for (var i = 0; i < 200; i++)
        {
            var rows = Enumerable.Range(0, 30).Select(r => new AuditRow(r % 7, 1 + (r % 3), Math.ScaleB(random.NextDouble(), random.Next(-60, 6)))).ToArray();
            var table = Release(plan, Source(rows), Key("grid", i));
            foreach (var (name, grid) in plan.Spec.Nodes.Select(n => (n.Output, n.Draws[0].Grid)))
            {
                for (var key = 1; key <= 3; key++)
                {
                    var value = ValueOf(table, name, key);
                    var units = Math.ScaleB(value, -grid.BinaryExponent);
                    Assert.Equal(Math.Round(units), units);
                    Assert.True(Math.Abs(units) < Math.ScaleB(1, 53));
                }
            }
        }
    }
}
