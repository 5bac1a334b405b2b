using DpSpark.Core.Numerics;

namespace DpSpark.Core.Accounting.Loss;

/// <summary>A validated plan: equal mechanisms counted together, free ones left out, all continuous Gaussians as the one they compose to.</summary>
internal sealed class LossPlan
{
    private LossPlan(List<MechanismUse> uses) => Uses = uses;

    internal List<MechanismUse> Uses { get; }

    internal bool IsSymmetric => Uses.TrueForAll(use => LossLaws.IsSymmetric(use.Mechanism));

    internal static LossPlan Create(IReadOnlyList<MechanismUse> plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var counts = new Dictionary<PrivacyMechanism, int>();
        var order = new List<PrivacyMechanism>();
        double squares = 0;
        for (int i = 0; i < plan.Count; i++)
        {
            (PrivacyMechanism mechanism, int count) = plan[i];
            ArgumentNullException.ThrowIfNull(mechanism);
            ArgumentOutOfRangeException.ThrowIfNegative(count);
            mechanism.Validate();
            if (count == 0 || mechanism.IsFree)
            {
                continue;
            }

            if (mechanism is GaussianMechanism gaussian)
            {
                double mu = gaussian.L2Sensitivity / gaussian.Sigma;
                squares += count * mu * mu;
                continue;
            }

            if (!counts.TryGetValue(mechanism, out int known))
            {
                order.Add(mechanism);
            }

            counts[mechanism] = checked(known + count);
        }

        var uses = new List<MechanismUse>(order.Count + 1);
        foreach (PrivacyMechanism mechanism in order)
        {
            uses.Add(new(mechanism, counts[mechanism]));
        }

        if (squares > 0)
        {
            // Exact composition of Gaussians; a relative 1e-12 covers the rounding of the sum.
            uses.Add(new(new GaussianMechanism(1, Math.Sqrt(squares) * (1 + 1e-12)), 1));
        }

        return new(uses);
    }

    /// <summary>Variance of the plan's loss, roughly, and the number of uses.</summary>
    internal (double Variance, double Uses) Size()
    {
        double variance = 0;
        double uses = 0;
        foreach ((PrivacyMechanism mechanism, int count) in Uses)
        {
            double spread = LossLaws.Spread(mechanism);
            variance += count * spread * spread;
            uses += count;
        }

        return (variance, uses);
    }

    /// <summary>The largest loss the plan can have, rounded up; infinite where a mechanism has no largest.</summary>
    internal double LargestLoss(LossDirection direction)
    {
        double sum = 0;
        foreach ((PrivacyMechanism mechanism, int count) in Uses)
        {
            sum += count * LossLaws.LargestLoss(mechanism, direction);
        }

        return double.IsInfinity(sum) ? sum : Rounding.Outward(sum);
    }

    /// <summary>The chance of an infinite loss.</summary>
    internal double Failure(LossDirection direction)
    {
        double log = 0;
        foreach ((PrivacyMechanism mechanism, int count) in Uses)
        {
            log += count * Elementary.Log1P(-LossLaws.Failure(mechanism, direction));
        }

        return -Elementary.ExpM1(log);
    }

    /// <summary>The laws on a grid of about the given step: a little finer where that puts the atoms of the plan on the grid, coarser where the arrays would not fit.</summary>
    internal (LossLaw Law, int Count)[] Discretise(LossDirection direction, double step, double tail, LossRounding rounding)
    {
        double aligned = Align(step);
        var parts = new (LossLaw Law, int Count)[Uses.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = (LossLaws.Discretise(Uses[i].Mechanism, direction, aligned, tail, rounding), Uses[i].Count);
        }

        return parts;
    }

    /// <summary>The longest law in multiples of the loss.</summary>
    internal double Range(double tail)
    {
        double reach = Normal.UpperQuantile(tail);
        double range = 0;
        foreach ((PrivacyMechanism mechanism, _) in Uses)
        {
            if (mechanism is SampledMechanism { Rate: var rate, Mechanism: GaussianMechanism g })
            {
                double mu = g.L2Sensitivity / g.Sigma;
                range = Math.Max(range, Elementary.Log1P(rate * Elementary.ExpM1(Math.Min(700, mu * ((mu / 2) + reach)))) - Elementary.Log1P(-Math.Min(rate, 0.999999)));
                continue;
            }

            double spread = LossLaws.Spread(mechanism is SampledMechanism { Mechanism: var inner } ? inner : mechanism);
            range = Math.Max(range, mechanism is GaussianMechanism or DiscreteGaussianMechanism or SampledMechanism { Mechanism: GaussianMechanism or DiscreteGaussianMechanism }
                ? spread * (spread + (2 * reach)) : 2 * spread);
        }

        return range;
    }

    // Atoms at e_1, e_2, ...: a common measure e_1/b with small b puts all of them on the grid.
    private double Align(double step)
    {
        const int MostParts = 64;
        double first = 0;
        foreach ((PrivacyMechanism mechanism, _) in Uses)
        {
            if (LossLaws.TryGetAtom(mechanism, out double loss) && (first == 0 || loss < first))
            {
                first = loss;
            }
        }

        if (first == 0)
        {
            return step;
        }

        for (int b = 1; b <= MostParts; b++)
        {
            bool common = true;
            foreach ((PrivacyMechanism mechanism, _) in Uses)
            {
                if (LossLaws.TryGetAtom(mechanism, out double loss))
                {
                    double parts = loss / first * b;
                    common &= Math.Abs(parts - Math.Round(parts)) < 1e-11 * parts;
                }
            }

            if (common)
            {
                double measure = first / b;
                double pieces = Math.Ceiling(measure / step);
                return measure / pieces > step / 16 ? measure / pieces : step;
            }
        }

        return Math.Max(first / Math.Ceiling(first / step), step / 2);
    }
}
