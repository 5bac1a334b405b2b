using System.Globalization;
using DpSpark.Core;
using DpSpark.Core.Parameters;

namespace DpSpark.Jobs.Ledger;

/// <summary>A release asks for more than its dataset has left. Ends a run with exit code 3; nothing was charged.</summary>
public sealed class BudgetExceededException : DpSparkException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="jobName">Who asks.</param>
    /// <param name="requestedEpsilon">What is asked for.</param>
    /// <param name="requestedDelta">What is asked for.</param>
    /// <param name="budget">The dataset; it has a cap.</param>
    /// <param name="biggestSpenders">Jobs that spent most, first the biggest.</param>
    public BudgetExceededException(string jobName, ExactDecimal requestedEpsilon, ExactDecimal requestedDelta, DatasetBudget budget, IReadOnlyList<Spender> biggestSpenders)
        : base("DPS4001", ExitCodes.Budget, Describe(jobName, requestedEpsilon, requestedDelta, budget), Explain(requestedEpsilon, requestedDelta, budget, biggestSpenders),
            [$"Ask for at most epsilon {budget.RemainingEpsilon}, delta {budget.RemainingDelta}: fewer aggregates, or a smaller `privacy.epsilon`.",
             $"Ask the ledger's owner for another cap: dpspark ledger cap {budget.Dataset} --epsilon E --delta D."])
    {
        RequestedEpsilon = requestedEpsilon;
        RequestedDelta = requestedDelta;
        Budget = budget;
        BiggestSpenders = biggestSpenders;
    }

    /// <summary>What is asked for.</summary>
    public ExactDecimal RequestedEpsilon { get; }

    /// <summary>What is asked for.</summary>
    public ExactDecimal RequestedDelta { get; }

    /// <summary>What is left.</summary>
    public ExactDecimal RemainingEpsilon => Budget.RemainingEpsilon ?? ExactDecimal.Zero;

    /// <summary>What is left.</summary>
    public ExactDecimal RemainingDelta => Budget.RemainingDelta ?? ExactDecimal.Zero;

    /// <summary>Cap and spent budget of the dataset.</summary>
    public DatasetBudget Budget { get; }

    /// <summary>Jobs that spent most, first the biggest.</summary>
    public IReadOnlyList<Spender> BiggestSpenders { get; }

    private static string Describe(string jobName, ExactDecimal epsilon, ExactDecimal delta, DatasetBudget budget)
    {
        var shortOf = new List<string>();
        if (epsilon > budget.RemainingEpsilon)
        {
            shortOf.Add($"epsilon {epsilon - budget.RemainingEpsilon.Value}");
        }

        if (delta > budget.RemainingDelta)
        {
            shortOf.Add($"delta {delta - budget.RemainingDelta.Value}");
        }

        return $"budget refused by the cap of dataset '{budget.Dataset}': release '{jobName}' asks epsilon {epsilon}, delta {delta}; epsilon {budget.RemainingEpsilon}, "
            + $"delta {budget.RemainingDelta} are left (short by {string.Join(" and ", shortOf)}). Nothing was run, nothing was spent.";
    }

    private static string Explain(ExactDecimal epsilon, ExactDecimal delta, DatasetBudget budget, IReadOnlyList<Spender> spenders)
    {
        var lines = new List<string>
        {
            $"Cap          epsilon {budget.Cap!.Epsilon}   delta {budget.Cap.Delta}",
            $"Spent        epsilon {budget.SpentEpsilon}   delta {budget.SpentDelta}   ({Count(budget.Releases)})",
            $"With this    epsilon {budget.SpentEpsilon + epsilon}   delta {budget.SpentDelta + delta}",
        };
        if (spenders.Count > 0)
        {
            lines.Add("Biggest spenders: " + string.Join("; ", spenders.Select(s => $"{s.JobName}, {Count(s.Releases)}, epsilon {s.Epsilon}")));
        }

        return string.Join('\n', lines);
    }

    private static string Count(int releases) => releases == 1 ? "1 release" : releases.ToString(CultureInfo.InvariantCulture) + " releases";
}

/// <summary>What one job has spent of a dataset.</summary>
/// <param name="JobName">Name of the job.</param>
/// <param name="Releases">Number of its releases.</param>
/// <param name="Epsilon">Their sum.</param>
/// <param name="Delta">Their sum.</param>
public sealed record Spender(string JobName, int Releases, ExactDecimal Epsilon, ExactDecimal Delta);
