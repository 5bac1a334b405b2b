using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;
using static DpSpark.Tests.Engine.Planning.Requests;

namespace DpSpark.Tests.Engine.Planning;

public sealed class PlanTextTests
{
    [Fact]
    public void Write_Restaurant_ReadsLikeTheProductDescription()
    {
        const string expected = """
            restaurant-visits

            Protects   one unit (id), add/remove
                       at most 4 partitions x 1 row each

            Plan                                                      stability    noise
              read and check the columns                              1
              +- keep rows of the keyset: 7 keys                      1
              +- bound: 4 partitions x 1 row each (random)            4 rows
              +- aggregate per partition                              -
                 |- privacy_id_count -> visitors                      L1 4         laplace sd 11.31, +-24
                 |- count -> visits                                   L1 4         the same draw as visitors
                 |- sum -> spend  [0, 60]                             L1 240       laplace sd 678.8, +-1 438

            Budget     epsilon 1, delta 0, accountant basic-v1
                       visitors: epsilon 0.5
                       spend: epsilon 0.5
                       +- is the half-width of the 95 % interval around the bounded value
                       visitors: within 10 % where the value is at least 240
                       spend: within 10 % where the value is at least 14 380


            """;

        Assert.Equal(expected.ReplaceLineEndings("\n"), PlanText.Write(Planner.Plan(Restaurant())));
    }

    [Fact]
    public void Write_Selection_ShowsTheChancesRising()
    {
        var plan = Planner.Plan(Request(Count()).Private(Selection(SelectionStrategy.TruncatedGeometric, 10)));

        Assert.Contains("Units in a partition -> chance it is shown", PlanText.Write(plan), StringComparison.Ordinal);
        Assert.Equal(plan.KeepChances.OrderBy(c => c.Units), plan.KeepChances);
        Assert.Equal(plan.KeepChances.OrderBy(c => c.Probability).Select(c => c.Probability), plan.KeepChances.Select(c => c.Probability));
    }

    [Fact]
    public void ToCanonicalText_SpellingAndNamesThatDoNotMatter_LeaveNoTrace()
    {
        var request = Restaurant();
        var same = request with { Name = "other", Epsilon = Of("1.000"), Columns = [.. request.Columns.Reverse()], Keyset = request.Keyset! with { Source = "another calendar" } };

        Assert.Equal(request.ToCanonicalText(), same.ToCanonicalText());
    }

    [Fact]
    public void ToCanonicalText_EverythingThatMatters_ChangesIt()
    {
        var request = Restaurant();
        ReleaseRequest[] others =
        [
            request with { Epsilon = Of("1.01") },
            request with { Delta = Of("1e-9") },
            request with { Noise = NoiseChoice.Auto },
            request with { Accountant = AccountantChoice.Basic },
            request with { Adjacency = NeighbouringRelation.ReplaceOne },
            request with { Rho = Of("0.1") },
            request with { Aggregates = [.. request.Aggregates.Select(a => a with { Budget = Even with { IsDefault = true } })] },
            request with { ConfidenceLevel = Of("0.9") },
            request with { ConfidenceLevel = null },
            request with { NonNegative = false },
            request with { Keyset = Keys(8) },
            request.Bounded(5, 1, null),
            request.Bounded(4, 2, null),
            request.Bounded(4, 1, 9),
            request with { Unit = request.Unit with { NullIdIsOneUnit = true } },
            request with { Unit = request.Unit with { IdColumns = ["id", "key"] } },
            request with { Aggregates = [.. request.Aggregates.Reverse()] },
            request with { Aggregates = [.. request.Aggregates.Take(2)] },
            request with { Columns = [.. request.Columns.Select(c => c with { Nulls = ValuePolicy.Error })] },
            request with { PartitionBy = [request.PartitionBy[0] with { NullIsKey = true }] },
            request.Private(Selection()),
            request.Private(Selection(null, 2)),
            request.Private(Selection(SelectionStrategy.LaplaceThreshold)),
        ];

        var texts = others.Append(request).Select(r => r.ToCanonicalText()).ToList();

        Assert.Equal(texts.Count, texts.Distinct(StringComparer.Ordinal).Count());
    }
}
