using DpSpark.Core.Stages;

namespace DpSpark.Engine.Planning.Groups;

/// <summary>How one aggregate's columns are read off the draws of one or several groups.</summary>
internal abstract class PlannedOutput
{
    private protected PlannedOutput(PlanContext context, int aggregate, params QueryGroup[] groups)
    {
        Context = context;
        Aggregate = aggregate;
        Groups = groups;
    }

    /// <summary>Index of the aggregate in the request.</summary>
    internal int Aggregate { get; }

    /// <summary>The groups it reads; empty for a public value. The first output that reads a group names its draws; its <see cref="NodeName"/> is part of the noise streams' names.</summary>
    internal IReadOnlyList<QueryGroup> Groups { get; }

    internal AggregateRequest Request => Context.Request.Aggregates[Aggregate];

    /// <summary>Name of the node that carries the draws of the groups this output pays for.</summary>
    internal virtual string NodeName => Request.Output;

    /// <summary>Whether the output uses only a part of a group's draws, so that another output of the group has to carry all of them.</summary>
    internal virtual bool PaysLast => false;

    /// <summary>Name of the node that carries a draw: where an aggregate releases several columns, the column's.</summary>
    /// <param name="draw">Number of the draw.</param>
    internal virtual string DrawName(int draw) => NodeName;

    /// <summary>Its values; null for counts.</summary>
    internal ValueQuery? Value => Context.Values[Aggregate];

    private protected PlanContext Context { get; }

    /// <summary>The nodes, one per released column.</summary>
    /// <param name="draws">The draws of each of <see cref="Groups"/>, named for this output.</param>
    internal abstract IReadOnlyList<NodeSpec> Nodes(IReadOnlyList<IReadOnlyList<PlannedDraw>> draws);

    /// <summary>Predicted variance of the released number, squared real units, that comes from one group's noise alone.</summary>
    /// <param name="group">One of <see cref="Groups"/>.</param>
    /// <param name="kind">Noise family.</param>
    /// <param name="amount">Epsilon (Laplace) or mu² (Gaussian) of the group.</param>
    internal abstract double Variance(QueryGroup group, NoiseKind kind, double amount);

    /// <summary>What a standard deviation of this number is measured against when the budget is divided: what one unit's contribution to a partition can be.</summary>
    internal abstract double Reference { get; }

    /// <summary>Predicted variance at the groups' levels.</summary>
    internal double Variance() => Groups.Sum(g => Variance(g, g.Kind, g.Level.Value));

    /// <summary>Logarithm of the predicted standard deviation.</summary>
    internal double Score() => Math.Log(Variance()) / 2;

    /// <summary>A node of this aggregate.</summary>
    private protected NodeSpec Node(string name, NodeForm form, params IReadOnlyList<DrawSpec> draws) =>
        new() { Output = name, Aggregate = Request.Kind, AggregateIndex = Aggregate, Form = form, Draws = draws };
}
