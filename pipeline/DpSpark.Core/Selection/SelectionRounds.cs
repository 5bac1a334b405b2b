using DpSpark.Core.Accounting;
using DpSpark.Core.Numerics;

namespace DpSpark.Core.Selection;

/// <summary>
/// DP-SIPS: rounds of weighted Gaussian thresholding. A unit divides its weight anew in every round, over its partitions that no earlier round has shown, so that it is spent where something is
/// left to find. Early rounds are cheap and show what many units have; the last one has most of the budget.
/// </summary>
/// <param name="Rounds">The rounds, first to last.</param>
/// <param name="JointDelta">Delta of all rounds together at the epsilon they were calibrated for.</param>
/// <remarks>
/// Guarantee: one unit's weights have l2 norm 1 in every round, whatever was shown before. The noise of the rounds together is that of mu² = sum of 1/sigma_r²; a partition that the unit alone
/// makes eligible is shown in some round with chance at most 1 - prod (1 - delta_r). Source: Swanberg, Desfontaines and Haney, "DP-SIPS: A simpler, more scalable mechanism for differentially
/// private partition selection", PoPETs 2023. Proof: docs/proofs/selection-rounds.md.
/// </remarks>
public sealed record SelectionRounds(IReadOnlyList<SelectionRound> Rounds, double JointDelta)
{
    /// <summary>How much more of rho and delta a round gets than the one before it.</summary>
    public const int Growth = 3;

    /// <summary>Most rounds: the first of more would have less than one part in 60 000 of the budget.</summary>
    public const int MostRounds = 10;

    /// <summary>The part of rho and of delta that a round has: 3^(round - 1) of the sum of all these powers.</summary>
    /// <param name="round">The round, from 1.</param>
    /// <param name="rounds">How many there are.</param>
    /// <returns>Numerator and denominator; the parts of all rounds are one.</returns>
    public static (long Numerator, long Denominator) PartOf(int round, int rounds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(round, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(round, rounds);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rounds, MostRounds);
        long part = 0, sum = 0, power = 1;
        for (var r = 1; r <= rounds; r++, power *= Growth)
        {
            sum += power;
            part = r == round ? power : part;
        }

        return (part, sum);
    }

    /// <summary>Calibrates the rounds: half of delta for their noise, half for partitions that only one unit has.</summary>
    /// <param name="epsilon">Total epsilon.</param>
    /// <param name="delta">Total delta.</param>
    /// <param name="l0">Partitions per unit and round; enters through a slowly growing maximum only.</param>
    /// <param name="rounds">How many.</param>
    public static SelectionRounds Calibrate(double epsilon, double delta, int l0, int rounds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(l0, 1);
        var mu = GaussianPrivacy.Mu(epsilon, delta / 2);
        var found = new SelectionRound[rounds];
        for (var r = 1; r <= rounds; r++)
        {
            var (part, sum) = PartOf(r, rounds);
            var fraction = (double)part / sum;
            found[r - 1] = SelectionRound.Of(1 / (mu * Math.Sqrt(fraction)), delta / 2 * fraction, l0);
        }

        return new(found, DeltaOf(found, epsilon));
    }

    /// <summary>Delta of rounds together, at an epsilon: 1 - (1 - delta of the keys)(1 - delta of the noise).</summary>
    /// <param name="rounds">The rounds.</param>
    /// <param name="epsilon">The epsilon.</param>
    public static double DeltaOf(IReadOnlyList<SelectionRound> rounds, double epsilon)
    {
        ArgumentNullException.ThrowIfNull(rounds);
        double squares = 0, keys = 0;
        foreach (var round in rounds)
        {
            squares += 1 / (round.Sigma * round.Sigma);
            keys += (1 - keys) * round.Delta;
        }

        return JointGaussianRule.Union(keys, GaussianPrivacy.Delta(epsilon, Math.Sqrt(squares)));
    }

    /// <summary>The chance that a partition is shown in some round while the sum of its weights stays the same.</summary>
    /// <param name="weightSum">Sum of the units' weights, in every round.</param>
    public double KeepProbability(double weightSum)
    {
        double hidden = 1;
        foreach (var round in Rounds)
        {
            hidden *= Normal.UpperTail((weightSum - round.Threshold) / round.Sigma);
        }

        return 1 - hidden;
    }
}
