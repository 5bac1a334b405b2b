using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>The groups and outputs of one attempt: what is drawn, and which columns are read off it.</summary>
internal sealed class PlanStructure
{
    private readonly Dictionary<object, QueryGroup> _known = [];
    private readonly Dictionary<object, int> _choices = [];
    private readonly Func<int, NoiseKind> _kindOf;
    private readonly MomentShape _shape;
    private readonly SelectionStrategy? _strategy;
    private double? _muPerEpsilon;
    private bool _joinsSum;
    private bool _splits;
    private bool _countsBins;

    private PlanStructure(PlanContext context, Func<int, NoiseKind> kindOf, SelectionStrategy? strategy, MomentShape shape)
    {
        Context = context;
        _kindOf = kindOf;
        _strategy = strategy;
        _shape = shape;
        for (var i = 0; i < Request.Aggregates.Count; i++)
        {
            if (!IsPublic(i) && !ReadsCount(i) && _choices.TryAdd(ChoiceKey(i), _choices.Count))
            {
                Choices.Add(i);
            }
        }
    }

    internal PlanContext Context { get; }

    /// <summary>The aggregates that a noise family is chosen with, one for each choice: those of one column, the counts, and others on their own choose together.</summary>
    internal List<int> Choices { get; } = [];

    /// <summary>The groups, in the order in which they are first used; a selection of its own first.</summary>
    internal List<QueryGroup> Groups { get; } = [];

    /// <summary>One output per aggregate, in request order.</summary>
    internal List<PlannedOutput> Outputs { get; } = [];

    /// <summary>mu that the whole budget buys for each unit of epsilon: how shares of Gaussian noise compare with shares of Laplace noise.</summary>
    internal double MuPerEpsilon => _muPerEpsilon ??= Request.Delta.Sign > 0
        ? Math.Sqrt(GaussianPool.MuSquared(Rational.From(Request.Epsilon), Rational.From(Request.Delta)).ToDouble()) / Request.Epsilon.ToDouble()
        : 1;

    private ReleaseRequest Request => Context.Request;

    /// <summary>Builds the groups for a choice of noise families.</summary>
    /// <param name="request">The request.</param>
    /// <param name="norms">What one unit may change.</param>
    /// <param name="kindOf">The family of the i-th of <see cref="Choices"/>.</param>
    /// <param name="strategy">The selection rule, or null for public partitions.</param>
    /// <param name="shape">How the aggregates of one column share what is drawn.</param>
    internal static PlanStructure Make(ReleaseRequest request, ContributionNorms norms, Func<int, NoiseKind> kindOf, SelectionStrategy? strategy, MomentShape shape)
    {
        var structure = new PlanStructure(new PlanContext(request, norms), kindOf, strategy, shape);
        structure.LimitWidths();
        for (var i = 0; i < request.Aggregates.Count; i++)
        {
            var output = structure.OutputOf(i);
            structure.Outputs.Add(output);
            foreach (var group in output is EqualSumOutput ? [] : output.Groups)
            {
                group.Aggregates.Add(i);
                group.Shares.Add((request.Aggregates[i].Budget, $"aggregates[{i}].budget", new Rational(1, output.Groups.Count)));
            }
        }

        if (strategy is { } rule)
        {
            structure.Select(rule);
        }

        return structure;
    }

    /// <summary>Whether a shape made a difference here: the plainest one always does.</summary>
    internal bool Uses(MomentShape shape) => (!shape.JoinSums || _joinsSum) && (!shape.Split || _splits) && (!shape.CountFromBins || _countsBins);

    /// <summary>The same structure for another request about the same aggregates.</summary>
    internal PlanStructure With(ReleaseRequest request) => Make(request, Context.Norms, _kindOf, _strategy, _shape);

    private PlannedOutput OutputOf(int index)
    {
        var aggregate = Request.Aggregates[index];
        if (IsPublic(index))
        {
            return new PublicOutput(Context, index);
        }

        switch (aggregate.Kind)
        {
            case AggregateKind.Count or AggregateKind.PrivacyIdCount:
                return CountOutputOf(index, aggregate.Kind == AggregateKind.PrivacyIdCount);
            case AggregateKind.Sum or AggregateKind.Mean or AggregateKind.Variance or AggregateKind.Stddev:
                var value = Context.Values[index]!;
                return ReadsCount(index)
                    ? new EqualSumOutput(Context, index, Count(index, value.PerPartition))
                    : HasMoments(value)
                    ? new MomentsOutput(Context, index, value, Moments(index, value))
                    : new NumbersOutput(Context, index, Shared(value.Key, index, () => new SumGroup(Context, value)));
            case AggregateKind.Covariance:
                return CovarianceOf(index);
            case AggregateKind.Histogram:
                return new NumbersOutput(Context, index, Shared(index, index, () => new HistogramGroup(Context, aggregate)));
            case AggregateKind.VectorSum:
                return new NumbersOutput(Context, index, Shared(index, index, () => new VectorGroup(Context, aggregate)));
            case AggregateKind.Quantile or AggregateKind.Min or AggregateKind.Max:
                var ranked = Context.Values[index]!;
                return new QuantileOutput(Context, index, Shared(("tree", ranked.Key), index, () => new TreeGroup(Context, ranked, aggregate)));
            case AggregateKind.CountDistinct:
                return new NumbersOutput(Context, index, Shared(("distinct", aggregate.Column, aggregate.MaxValues), index, () => new DistinctGroup(Context, aggregate)));
            default:
                throw new InvalidOperationException("An aggregate has no plan.");
        }
    }

    /// <summary>A count of its own, or, where that is asked for, the one that a column's bins have anyway.</summary>
    private PlannedOutput CountOutputOf(int index, bool ofUnits)
    {
        if (_shape.CountFromBins && !Enumerable.Range(0, Request.Aggregates.Count).Any(ReadsCount) && Request.Aggregates[index].Budget.IsDefault && (!ofUnits || IsOneRow) && !(ofUnits && _strategy is not null) && BinsForCount() is { } at)
        {
            _countsBins = true;
            var value = Context.Values[at]!;
            return new MomentsOutput(Context, index, value, Moments(at, value));
        }

        return new NumbersOutput(Context, index, Count(index, ofUnits));
    }

    /// <summary>Whether an aggregate is a sum of one value that the bounds leave, and how many there are is released anyway: then it is that value times the released number, and costs nothing.</summary>
    private bool ReadsCount(int index) => Request.Aggregates[index].Kind == AggregateKind.Sum && !IsPublic(index) && Context.Values[index] is { HasEqualBounds: true } value
        && Request.Aggregates.Any(a => a.Kind is AggregateKind.Count or AggregateKind.PrivacyIdCount && (IsOneRow || (a.Kind == AggregateKind.PrivacyIdCount) == value.PerPartition));

    /// <summary>The aggregate whose column's bins give the count: one without squares where there is one.</summary>
    private int? BinsForCount()
    {
        var columns = Enumerable.Range(0, Request.Aggregates.Count).Where(i => Context.Values[i] is { } value && !IsPublic(i) && !ReadsTree(i) && HasMoments(value) && UsesBins(i, value) && IsFree(value)).ToList();
        return columns.Count == 0 ? null : columns.OrderBy(i => HasSquares(Context.Values[i]!)).ThenBy(i => i).First();
    }

    private PlannedOutput CovarianceOf(int index)
    {
        var (first, second) = (Context.PairValue(index, 0), Context.PairValue(index, 1));
        if (KindOf(index) == NoiseKind.DiscreteLaplace)
        {
            return new MomentsOutput(Context, index, first, second, Shared(index, index, () => new PairBinsGroup(Context, first, second)));
        }

        return new MomentsOutput(
            Context,
            index,
            first,
            second,
            Centred(index, first, "ns"),
            Centred(index, second, "ns2"),
            Shared((first.Key, second.Key), index, () => new CrossGroup(Context, first, second)),
            Count(index, false));
    }

    /// <summary>The groups that a column's moments are made of.</summary>
    private QueryGroup[] Moments(int index, ValueQuery value)
    {
        if (UsesBins(index, value))
        {
            return [Shared(("bins", value.Key), index, () => new BinsGroup(Context, value, HasSquares(value)))];
        }

        _splits |= KindOf(index) == NoiseKind.DiscreteLaplace;
        return [Centred(index, value, "ns"), Count(index, false)];
    }

    private bool UsesBins(int index, ValueQuery value) => KindOf(index) == NoiseKind.DiscreteLaplace && (!_shape.Split || HasSquares(value) || !IsFree(value));

    private CentredGroup Centred(int index, ValueQuery value, string part) =>
        Shared(("centred", value.Key, KindOf(index)), index, () => new CentredGroup(Context, value, HasSquares(value) && KindOf(index) == NoiseKind.DiscreteGaussian, part));

    /// <summary>Rows and units are one number where a unit has one row per partition.</summary>
    private CountGroup Count(int index, bool ofUnits) => Shared(CountKey(ofUnits), index, () => new CountGroup(Context, ofUnits));

    private bool IsOneRow => Context.Norms.RowsPerPartition is { IsOne: true };

    private string CountKey(bool ofUnits) => ofUnits || IsOneRow ? "units" : "rows";

    private bool IsPublic(int index) => Request.Aggregates[index].Kind == AggregateKind.Covariance
        ? Context.PairValue(index, 0).IsPublic(AggregateKind.Covariance) || Context.PairValue(index, 1).IsPublic(AggregateKind.Covariance)
        : Context.Values[index]?.IsPublic(Request.Aggregates[index].Kind) == true;

    /// <summary>Whether a column's aggregates are read off moments: all but a sum alone, and that one, too, where the shape joins it to a count.</summary>
    private bool HasMoments(ValueQuery value)
    {
        if (value.PerPartition || value.HasEqualBounds || Of(value, AggregateKind.Mean, AggregateKind.Variance, AggregateKind.Stddev))
        {
            return !value.PerPartition && !value.HasEqualBounds;
        }

        var joins = _shape.JoinSums && IsFree(value) && Of(value, AggregateKind.Sum);
        _joinsSum |= joins;
        return joins;
    }

    /// <summary>Whether nothing was said about the shares of a column's aggregates: a written share is for a number of its own.</summary>
    private bool IsFree(ValueQuery value) => !Enumerable.Range(0, Request.Aggregates.Count).Any(i => ReferenceEquals(Context.Values[i], value) && !Request.Aggregates[i].Budget.IsDefault);

    private bool HasSquares(ValueQuery value) => Of(value, AggregateKind.Variance, AggregateKind.Stddev);

    private bool Of(ValueQuery value, params AggregateKind[] kinds)
    {
        for (var i = 0; i < Request.Aggregates.Count; i++)
        {
            if (ReferenceEquals(Context.Values[i], value) && Array.IndexOf(kinds, Request.Aggregates[i].Kind) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private object ChoiceKey(int index)
    {
        var aggregate = Request.Aggregates[index];
        return aggregate.Kind switch
        {
            AggregateKind.Count or AggregateKind.PrivacyIdCount => CountKey(aggregate.Kind == AggregateKind.PrivacyIdCount),
            AggregateKind.CountDistinct => ("distinct", aggregate.Column, aggregate.MaxValues),
            _ when Context.Values[index] is null => index,
            _ when ReadsTree(index) => ("tree", Context.Values[index]!.Key),
            _ => Context.Values[index]!.Key,
        };
    }

    private bool ReadsTree(int index) => Request.Aggregates[index].Kind is AggregateKind.Quantile or AggregateKind.Min or AggregateKind.Max;

    private NoiseKind KindOf(int index) => _kindOf(_choices[ChoiceKey(index)]);

    /// <summary>Squares and products are of values within 2^31 units.</summary>
    private void LimitWidths()
    {
        for (var i = 0; i < Request.Aggregates.Count; i++)
        {
            if (Request.Aggregates[i].Kind is AggregateKind.Variance or AggregateKind.Stddev)
            {
                Context.Values[i]!.LimitWidth();
            }
            else if (Request.Aggregates[i].Kind == AggregateKind.Covariance)
            {
                Context.PairValue(i, 0).LimitWidth();
                Context.PairValue(i, 1).LimitWidth();
            }
        }
    }

    /// <summary>A group, made for the aggregate that asks first. A count that nobody chose a family for has that aggregate's.</summary>
    private TGroup Shared<TGroup>(object key, int index, Func<TGroup> make)
        where TGroup : QueryGroup
    {
        if (!_known.TryGetValue(key, out var group))
        {
            _known[key] = group = make();
            group.Kind = _kindOf(_choices.TryGetValue(key, out var choice) ? choice : _choices[ChoiceKey(index)]);
            Groups.Add(group);
        }

        return (TGroup)group;
    }

    private void Select(SelectionStrategy rule)
    {
        var family = rule == SelectionStrategy.GaussianThreshold ? NoiseKind.DiscreteGaussian : NoiseKind.DiscreteLaplace;
        var counted = Outputs.Find(o => o is NumbersOutput && o.Request.Kind == AggregateKind.PrivacyIdCount)?.Groups[0];
        if (rule is SelectionStrategy.TruncatedGeometric or SelectionStrategy.WeightedGaussian or SelectionStrategy.Sips || counted is null || counted.Kind != family)
        {
            counted = new SelectionGroup(Context, rule);
            Groups.Insert(0, counted);
        }

        // A requested count of units is the number that the threshold is compared with: drawn once, for both shares (dp-math.md 4.5).
        counted.Selects = true;
        counted.Shares.Add((Request.Selection!.Budget, RequestCheck.SelectionName, Rational.From(1)));
    }
}
