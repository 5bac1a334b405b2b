using DpSpark.Core;
using DpSpark.Core.Parameters;

namespace DpSpark.Jobs.Ledger;

/// <summary>The dataset was charged for guarantees of another neighbouring relation: the costs do not add up. Ends a run with exit code 3; nothing was charged.</summary>
public sealed class MixedAdjacencyException : DpSparkException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="jobName">Who asks.</param>
    /// <param name="dataset">Whose cap would pay.</param>
    /// <param name="asked">Relation of the release that is asked for.</param>
    /// <param name="earlier">The last charged release of another relation.</param>
    public MixedAdjacencyException(string jobName, string dataset, NeighbouringRelation asked, HistoryEntry earlier)
        : base("DPS4004", ExitCodes.Budget,
            $"release '{jobName}' is private under `adjacency: {Word(asked)}`, but dataset '{dataset}' was charged under the other relation: {earlier.ReleaseId} (entry #{earlier.Number}). Nothing was run, nothing was spent.",
            "An epsilon for units that are there or not and an epsilon for units that are replaced do not add up to a guarantee of either kind.",
            ["Write the same `privacy.adjacency` in all jobs of the dataset.", "Name another `ledger.dataset`, with a cap of its own, if both kinds are wanted; nothing then bounds them together."]) =>
        (Dataset, Earlier) = (dataset, earlier);

    /// <summary>The dataset.</summary>
    public string Dataset { get; }

    /// <summary>The release there is.</summary>
    public HistoryEntry Earlier { get; }

    private static string Word(NeighbouringRelation relation) => relation == NeighbouringRelation.ReplaceOne ? LedgerEvent.ReplaceOne : "add_remove";
}
