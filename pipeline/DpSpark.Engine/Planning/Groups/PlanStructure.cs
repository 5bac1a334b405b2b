using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>The groups and outputs of one attempt: what is drawn, and which columns are read off it.</summary>
internal sealed class PlanStructure
{
    private PlanStructure(PlanContext context) => Context = context;

    internal PlanContext Context { get; }

    /// <summary>The groups, in the order in which they are first used; a selection of its own first.</summary>
    internal List<QueryGroup> Groups { get; } = [];

    /// <summary>One output per aggregate, in request order.</summary>
    internal List<PlannedOutput> Outputs { get; } = [];

    /// <summary>Builds the groups for a choice of noise families.</summary>
    /// <param name="request">The request.</param>
    /// <param name="norms">What one unit may change.</param>
    /// <param name="kindOf">The family of the i-th group that is no selection; they are asked for in order.</param>
    /// <param name="strategy">The selection rule, or null for public partitions.</param>
    internal static PlanStructure Make(ReleaseRequest request, ContributionNorms norms, Func<int, NoiseKind> kindOf, SelectionStrategy? strategy)
    {
        var context = new PlanContext(request, norms);
        var structure = new PlanStructure(context);
        var known = new Dictionary<object, QueryGroup>();
        for (var i = 0; i < request.Aggregates.Count; i++)
        {
            var aggregate = request.Aggregates[i];
            var value = context.Values[i];
            switch (aggregate.Kind)
            {
                case AggregateKind.Count or AggregateKind.PrivacyIdCount:
                    // Rows and units are one number where a unit has one row per partition.
                    var units = aggregate.Kind == AggregateKind.PrivacyIdCount;
                    var count = Shared(units || norms.RowsPerPartition is { IsOne: true } ? "units" : "rows", () => new CountGroup(context, units));
                    structure.Outputs.Add(new CountOutput(context, i, count));
                    break;
                case AggregateKind.Sum or AggregateKind.Mean when value!.IsPublic(aggregate.Kind):
                    structure.Outputs.Add(new PublicOutput(context, i));
                    break;
                case AggregateKind.Sum:
                    structure.Outputs.Add(new SumOutput(context, i, Shared(value!.Key, () => new SumGroup(context, value!))));
                    break;
                case AggregateKind.Mean:
                    structure.Outputs.Add(new MeanOutput(context, i, Shared(i, () => new MeanGroup(context, value!))));
                    break;
                default:
                    throw new InvalidOperationException("An aggregate has no plan.");
            }

            foreach (var group in structure.Outputs[^1].Groups)
            {
                group.Aggregates.Add(i);
                group.Shares.Add((aggregate.Budget, $"aggregates[{i}].budget"));
            }
        }

        if (strategy is { } rule)
        {
            structure.Select(rule);
        }

        return structure;

        TGroup Shared<TGroup>(object key, Func<TGroup> make)
            where TGroup : QueryGroup
        {
            if (!known.TryGetValue(key, out var group))
            {
                known[key] = group = make();
                group.Kind = kindOf(structure.Groups.Count);
                structure.Groups.Add(group);
            }

            return (TGroup)group;
        }
    }

    private void Select(SelectionStrategy rule)
    {
        var family = rule == SelectionStrategy.GaussianThreshold ? NoiseKind.DiscreteGaussian : NoiseKind.DiscreteLaplace;
        var counted = Outputs.Find(o => o.Request.Kind == AggregateKind.PrivacyIdCount)?.Groups[0];
        if (rule == SelectionStrategy.TruncatedGeometric || counted is null || counted.Kind != family)
        {
            counted = new SelectionGroup(Context, rule);
            Groups.Insert(0, counted);
        }

        // A requested count of units is the number that the threshold is compared with: drawn once, for both shares (dp-math.md 4.5).
        counted.Selects = true;
        counted.Shares.Add((Context.Request.Selection!.Budget, RequestCheck.SelectionName));
    }
}
