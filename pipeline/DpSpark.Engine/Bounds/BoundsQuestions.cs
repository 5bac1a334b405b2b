using System.Globalization;
using System.Numerics;
using DpSpark.Core.Noise;
using DpSpark.Core.Numerics;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Engine.Bounds;

/// <summary>Turns the <c>auto</c> parts of a request into questions, their histograms and the stage description of the first pass.</summary>
internal static class BoundsQuestions
{
    /// <summary>Bits below the point of the grid of floating-point columns: values of up to 2^42 are told apart down to 2^-20.</summary>
    private const int FloatingBits = 20;

    /// <summary>Doublings of a count whose largest value is not public.</summary>
    private const int CountOctaves = 24;

    /// <summary>The questions, bounds of the unit first: the bounds of values are chosen with them.</summary>
    /// <param name="request">The request.</param>
    /// <param name="rho">Total rho where rho adds up; else null.</param>
    /// <param name="faults">Receives what is wrong with the shares.</param>
    internal static (StageSpec Spec, IReadOnlyList<BoundsQuestion> Questions) Of(ReleaseRequest request, ExactDecimal? rho, List<PlanFault> faults)
    {
        var questions = new List<BoundsQuestion>();
        var profiles = new List<ProfileSpec>();
        var unit = request.Unit;
        if (unit.AutoMaxPartitionsContributed is { } l0)
        {
            var octaves = request.Keyset is { } keys ? Math.Max(1, BitOperations.Log2((uint)keys.Keys.Count) + 1) : CountOctaves;
            Ask("privacy_unit.max_partitions_contributed", "max_partitions_contributed", BoundsTarget.Partitions, null, l0, [new ProfileSpec { Kind = ProfileKind.Partitions, Octaves = octaves }]);
        }

        if (unit.AutoMaxContributionsPerPartition is { } linf)
        {
            Ask("privacy_unit.max_contributions_per_partition", "max_contributions_per_partition", BoundsTarget.RowsPerPartition, null, linf,
                [new ProfileSpec { Kind = ProfileKind.RowsPerPartition, Octaves = CountOctaves }]);
        }

        for (var i = 0; i < request.Aggregates.Count; i++)
        {
            if (request.Aggregates[i] is not { AutoBounds: { } share } aggregate)
            {
                continue;
            }

            var path = $"aggregates[{i}].auto";
            var column = request.Columns.FirstOrDefault(c => c.Name == aggregate.Column);
            if (column is null || column.Type is not (ColumnType.Int or ColumnType.Long or ColumnType.Float or ColumnType.Double or ColumnType.Decimal))
            {
                faults.Add(new("DPS2511", path, "Bounds are found for one numeric column of the contract.", ["Give the bounds."]));
            }
            else if (aggregate.MinValue is not null || aggregate.MaxValue is not null || aggregate.MinSumPerPartition is not null || aggregate.MaxSumPerPartition is not null)
            {
                faults.Add(new("DPS2509", path, "Bounds are given or found, not both.", ["Remove auto, or the bounds."]));
            }
            else
            {
                var sums = aggregate.Kind == AggregateKind.Sum && !aggregate.AutoBoundsPerValue;
                ProfileKind[] kinds = sums ? [ProfileKind.PartitionSum] : aggregate.Kind == AggregateKind.Sum ? [ProfileKind.Magnitude] : [ProfileKind.Lowest, ProfileKind.Highest];
                Ask(path, aggregate.Output, sums ? BoundsTarget.PartitionSums : BoundsTarget.Values, i, share,
                    [.. kinds.Select(k => new ProfileSpec { Kind = k, Column = column.Name, Grid = GridOf(column), Octaves = OctavesOf(column, sums), IsSigned = true })]);
            }
        }

        return (SpecOf(request, questions, profiles), questions);

        void Ask(string path, string name, BoundsTarget target, int? aggregate, BudgetShare share, IReadOnlyList<ProfileSpec> histograms)
        {
            var epsilon = share.Epsilon ?? (share.Weight * request.Epsilon);
            if (epsilon.Sign <= 0 || share.Weight.Sign <= 0 || (share.Epsilon is null && share.Weight >= ExactDecimal.One))
            {
                faults.Add(new("DPS2514", path, "The share of the budget that finds bounds is not between nothing and the whole.", ["Write for example budget: 10%."]));
                return;
            }

            var part = rho is { } total ? ShareOfRho.Of(share, total) : (ExactDecimal?)null;
            questions.Add(new BoundsQuestion
            {
                Path = path,
                Name = name,
                Target = target,
                Aggregate = aggregate,
                Epsilon = epsilon,
                Rho = part,
                FirstHistogram = profiles.Count,
                Histograms = histograms.Count,
                Noise = NoiseOf(request, histograms.Count, epsilon, part),
            });
            profiles.AddRange(histograms);
        }
    }

    /// <summary>
    /// Noise on every count. A unit that is added changes one count of a histogram, one that is replaced takes one away and adds one: c = 1 or 2 counts by one. Laplace noise of scale b then has
    /// epsilon c/b and rho c/(2 b²), since each count is 1/b-private by itself; Gaussian noise rho c/(2 sigma²). At one rho b and sigma are equal, and Gaussian noise has half of the variance
    /// and lighter tails: it is taken wherever rho adds up, but for <c>noise: laplace</c>.
    /// </summary>
    private static NoiseSpec NoiseOf(ReleaseRequest request, int histograms, ExactDecimal epsilon, ExactDecimal? rho)
    {
        var changes = request.Adjacency == NeighbouringRelation.ReplaceOne ? 2 : 1;
        if (rho is not { } part)
        {
            var (numerator, denominator) = epsilon.ToRational();
            return NoiseCalibration.Laplace(histograms * changes, numerator, denominator);
        }

        var spread = Rounding.Outward(Math.Sqrt(changes * histograms / (2 * part.ToDouble())));
        if (request.Noise != NoiseChoice.Laplace)
        {
            return NoiseCalibration.Gaussian(spread);
        }

        var scale = Rational.FromDouble(spread);
        return NoiseCalibration.Laplace(BigInteger.One, scale.Denominator, scale.Numerator);
    }

    private static GridUnit GridOf(ColumnSpec column) => column.Type switch
    {
        ColumnType.Decimal => new GridUnit(0, column.Scale),
        ColumnType.Float or ColumnType.Double => new GridUnit(-FloatingBits),
        _ => GridUnit.One,
    };

    private static int OctavesOf(ColumnSpec column, bool sums) => sums ? ProfileBins.MaxOctaves : column.Type switch
    {
        ColumnType.Int => 31,
        ColumnType.Decimal => (int)Math.Min(ProfileBins.MaxOctaves, Math.Ceiling(column.Precision * Math.Log2(10))),
        _ => ProfileBins.MaxOctaves,
    };

    private static StageSpec SpecOf(ReleaseRequest request, List<BoundsQuestion> questions, List<ProfileSpec> profiles)
    {
        var accumulators = new List<AccumulatorSpec>();
        var nodes = new List<NodeSpec>();
        foreach (var question in questions)
        {
            for (var h = question.FirstHistogram; h < question.FirstHistogram + question.Histograms; h++)
            {
                var bins = new ProfileBins(profiles[h].Octaves, profiles[h].IsSigned).Count;
                for (var bin = 0; bin < bins; bin++)
                {
                    nodes.Add(new NodeSpec
                    {
                        Output = string.Create(CultureInfo.InvariantCulture, $"{h}/{bin}/{question.Name}"),
                        Aggregate = AggregateKind.PrivacyIdCount,
                        Form = NodeForm.Direct,
                        IsInteger = true,
                        Draws =
                        [
                            new DrawSpec
                            {
                                Part = FirstPass.Part,
                                Terms = [new Term(accumulators.Count, BigInteger.One)],
                                Noise = question.Noise,
                                StandardDeviation = NoiseCalibration.StandardDeviation(question.Noise),
                            },
                        ],
                    });
                    accumulators.Add(new AccumulatorSpec { Kind = AccumulatorKind.Count });
                }
            }
        }

        return new StageSpec
        {
            Columns = request.Columns,
            UnitColumns = request.Unit.IdColumns,
            NullIdIsOneUnit = request.Unit.NullIdIsOneUnit,
            PartitionBy = request.PartitionBy,
            PublicPartitions = request.Keyset is not null,
            OtherKey = request.Keyset is { HasOther: true },
            RecordColumns = [.. profiles.Where(p => p.Column is not null).Select(p => p.Column!).Distinct(StringComparer.Ordinal)],
            Accumulators = accumulators,
            Nodes = nodes,
            Profile = profiles,
        };
    }
}
