using DpSpark.Arrow;
using DpSpark.Core.Parameters;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning;

namespace DpSpark.Benchmarks.Accuracy;

/// <summary>
/// What a prediction needs to know of the bounded rows: counts, means, variances, covariances and many quantiles of every column, released without noise by a second job about the same rows. Which
/// rows are kept depends on the key, the unit, the partition and the row, and not on what is computed of them; that is checked number by number where both jobs have a number.
/// </summary>
internal sealed class ExactStatistics
{
    private const int Ranks = 500;
    private const string Prefix = "exact_";

    private static readonly BudgetShare s_share = new(ExactDecimal.One) { IsDefault = true };
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly List<AggregateRequest> _added = [];
    private readonly ReleasePlan _plan;

    /// <summary>Prepares the second job.</summary>
    /// <param name="plan">The plan whose numbers are predicted.</param>
    public ExactStatistics(ReleasePlan plan)
    {
        Count = Name(new AggregateRequest { Kind = AggregateKind.Count, Output = string.Empty, Budget = s_share });
        foreach (var aggregate in plan.Request.Aggregates)
        {
            switch (aggregate.Kind)
            {
                case AggregateKind.Mean or AggregateKind.Variance or AggregateKind.Stddev:
                    Name(Like(aggregate, AggregateKind.Mean));
                    Name(Like(aggregate, AggregateKind.Variance));
                    break;
                case AggregateKind.Covariance:
                    Name(aggregate with { Budget = s_share });
                    Name(Like(Side(aggregate, 0), AggregateKind.Mean));
                    Name(Like(Side(aggregate, 1), AggregateKind.Mean));
                    break;
                case AggregateKind.Quantile or AggregateKind.Min or AggregateKind.Max:
                    Name(Curve(aggregate));
                    break;
            }
        }

        // Leaves as fine as the plan's, which depend on the noise.
        var noise = plan.Spec.Trees.Count == 0 ? plan.Request.Noise : plan.Spec.Trees[0].Levels[0].Noise.Kind == NoiseKind.DiscreteGaussian ? NoiseChoice.Gaussian : NoiseChoice.Laplace;
        _plan = Planner.Plan(plan.Request with { Aggregates = [.. plan.Request.Aggregates, .. _added], Noise = noise, ConfidenceLevel = null, NonNegative = false });
        IsNeeded = _added.Count > 1;
    }

    /// <summary>Whether any number of the plan needs statistics.</summary>
    public bool IsNeeded { get; }

    /// <summary>Column of the number of rows.</summary>
    public string Count { get; }

    /// <summary>The second job for partitions of at least so many units: smaller ones are not asked for.</summary>
    /// <param name="units">At least 1.</param>
    public ReleasePlan PlanFor(int units) => _plan.Spec.Selection is { } selection ? _plan with { Spec = _plan.Spec with { Selection = selection with { PreThreshold = Math.Max(units, selection.PreThreshold) } } } : _plan;

    /// <summary>Moments for an aggregate in a row of the second job's table.</summary>
    public PartitionStatistics Moments(AggregateRequest aggregate, Func<string, double> number)
    {
        var isPair = aggregate.Kind == AggregateKind.Covariance;
        return new PartitionStatistics
        {
            Count = number(Count),
            Mean = number(Known(Like(isPair ? Side(aggregate, 0) : aggregate, AggregateKind.Mean))),
            SecondMean = isPair ? number(Known(Like(Side(aggregate, 1), AggregateKind.Mean))) : 0,
            Variance = number(Known(isPair ? aggregate with { Budget = s_share } : Like(aggregate, AggregateKind.Variance))),
        };
    }

    /// <summary>The values of an aggregate's column in a row of the second job's table: as many as there are, along the curve of its quantiles.</summary>
    public double[] Values(AggregateRequest aggregate, Func<string, double> number)
    {
        var curve = new double[Ranks];
        var name = Known(Curve(aggregate));
        for (var i = 0; i < Ranks; i++)
        {
            curve[i] = number(AggregateColumns.OfRank(name, RankOf(i)));
        }

        var values = new double[(int)Math.Round(number(Count))];
        for (var k = 0; k < values.Length; k++)
        {
            var at = Math.Clamp(((k + 0.5) / values.Length * Ranks) - 0.5, 0, Ranks - 1);
            var left = Math.Min((int)at, Ranks - 2);
            values[k] = curve[left] + ((at - left) * (curve[left + 1] - curve[left]));
        }

        return values;
    }

    /// <summary>Holds that a number of both tables is the same: that both jobs are about the same rows.</summary>
    /// <param name="truth">Row of the first job's table.</param>
    /// <param name="same">Row of the second job's table.</param>
    public void Check(Func<string, double?> truth, Func<string, double> same)
    {
        foreach (var node in _plan.Spec.Nodes.Where(n => n.Aggregate is AggregateKind.Count or AggregateKind.PrivacyIdCount or AggregateKind.Histogram && !n.Output.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            if (truth(node.Output) is { } number && Math.Abs(number - same(node.Output)) > 0.5)
            {
                throw new InvalidOperationException($"The second job kept other rows than the first one: {node.Output}.");
            }
        }
    }

    private static ExactDecimal RankOf(int i) => ExactDecimal.Parse(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{(i + 0.5m) / Ranks}"));

    private static AggregateRequest Like(AggregateRequest aggregate, AggregateKind kind) =>
        new() { Kind = kind, Output = string.Empty, Column = aggregate.Column, MinValue = aggregate.MinValue, MaxValue = aggregate.MaxValue, Budget = s_share };

    private static AggregateRequest Side(AggregateRequest pair, int side) =>
        pair with { Column = pair.Columns![side], MinValue = pair.MinValues![side], MaxValue = pair.MaxValueList![side] };

    private static AggregateRequest Curve(AggregateRequest aggregate) => Like(aggregate, AggregateKind.Quantile) with { Ranks = [.. Enumerable.Range(0, Ranks).Select(RankOf)] };

    private static string KeyOf(AggregateRequest aggregate) => $"{aggregate.Kind} {aggregate.Column} {aggregate.MinValue} {aggregate.MaxValue} {string.Join(' ', aggregate.Columns ?? [])}";

    private string Known(AggregateRequest aggregate) => _names[KeyOf(aggregate)];

    private string Name(AggregateRequest aggregate)
    {
        var key = KeyOf(aggregate);
        if (!_names.TryGetValue(key, out var name))
        {
            _names[key] = name = Prefix + _names.Count.ToString(System.Globalization.CultureInfo.InvariantCulture);
            _added.Add(aggregate with { Output = name });
        }

        return name;
    }
}
