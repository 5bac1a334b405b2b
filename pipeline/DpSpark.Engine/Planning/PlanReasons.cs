using System.Globalization;
using DpSpark.Core.Stages;
using DpSpark.Engine.Planning.Groups;

namespace DpSpark.Engine.Planning;

/// <summary>Why a plan is as it is, in sentences for its reader.</summary>
internal static class PlanReasons
{
    internal static List<string> Of(PlanAttempt attempt)
    {
        var request = attempt.Request;
        var reasons = new List<string>();
        if (BudgetSplit.IsFree(request) && attempt.Groups.Count > 1)
        {
            reasons.Add("split: no share is written, so it is the one with the least variances, each relative to what one unit can add (variance_optimal)");
        }

        if (request.Noise == NoiseChoice.Auto && attempt.Structure.Outputs.Exists(o => o.Groups.Count > 0))
        {
            var families = attempt.Groups.Where(g => g.Aggregates.Count > 0).Select(g => g.IsGaussian).Distinct().ToList();
            var chosen = families.Count > 1 ? "a mixture of Laplace and Gaussian noise" : families is [true] ? "Gaussian noise" : "Laplace noise";
            reasons.Add($"noise: {chosen} has the smallest predicted standard deviations together");
        }

        if (Saving(attempt) is > 1.005 and var saving)
        {
            reasons.Add(string.Create(CultureInfo.InvariantCulture, $"accountant: basic composition would need {saving:0.00} times the standard deviations"));
        }

        if (request.Selection is { Strategy: null } && attempt.Selection is { } selection)
        {
            reasons.Add($"selection: {MechanismTable.Word(selection.Spec.Strategy)} shows a partition with the fewest units, {PlanText.Grouped(selection.UnitsForHalf)} with probability one half");
        }

        return reasons;
    }

    /// <summary>How many times larger the standard deviations of the same mechanisms would be, on average, if every share were calibrated alone.</summary>
    private static double? Saving(PlanAttempt attempt)
    {
        var outputs = attempt.Structure.Outputs.Count(o => o.Groups.Count > 0);
        if (outputs == 0 || attempt.Request.Rho is not null)
        {
            return null;
        }

        var strategy = attempt.Selection is null ? null : attempt.Strategy;
        var structure = attempt.Structure.With(attempt.Request with { Accountant = AccountantChoice.Basic });
        var basic = PlanAttempt.Make(structure, strategy, null);
        return basic.Faults.Count > 0 ? null : Math.Exp((basic.Score - attempt.Score) / outputs);
    }
}
