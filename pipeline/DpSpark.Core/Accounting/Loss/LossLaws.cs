using DpSpark.Core.Numerics;

namespace DpSpark.Core.Accounting.Loss;

/// <summary>The exact privacy-loss law of every mechanism, put on a grid. One branch per kind; another kind is an error.</summary>
/// <remarks>Laws: dp-math 5.7; Koskela, Jalko and Honkela, AISTATS 2020. Densities are integrated cell by cell with positive terms only, relative error below 1e-12.</remarks>
internal static class LossLaws
{
    // Above this many units per sigma the discrete Gaussian's deltas are those of the continuous one up to a relative z^2/(8 sigma^2), far inside of the margin on mu.
    private const double ContinuousVariance = 1 << 20;
    private const double ContinuousMargin = 1e-5;
    private const double LargestQuantum = 1e-5;
    private const long MostLaplaceSteps = 1 << 14;

    private static readonly (double[] Nodes, double[] Weights) s_rule = GaussLegendre.OnUnitInterval(5);
    private static readonly (double[] Nodes, double[] Weights) s_shortRule = GaussLegendre.OnUnitInterval(3);

    /// <summary>The law of a mechanism with tails of at most the given probability cut off on the safe side.</summary>
    internal static LossLaw Discretise(PrivacyMechanism mechanism, LossDirection direction, double step, double tail, LossRounding rounding) => mechanism switch
    {
        GaussianMechanism m => Gaussian(m.L2Sensitivity / m.Sigma, step, tail, rounding),
        LaplaceMechanism m => Laplace(m.L1Sensitivity / m.Scale, step, rounding),
        DiscreteLaplaceMechanism m => DiscreteLaplace(m.Scale, m.Sensitivity, step, rounding),
        DiscreteGaussianMechanism m => DiscreteGaussian(m.Variance, m.Sensitivity, step, tail, rounding),
        GenericMechanism m => Generic(m.Epsilon, m.Delta, step, rounding),
        PartitionSelectionMechanism m => Generic(m.Epsilon, m.Delta, step, rounding),
        ExponentialMechanism m => Generic(m.Epsilon, 0, step, rounding),
        BoundedRangeMechanism m => BoundedRange(m.Epsilon, step, rounding),
        SampledMechanism { Rate: >= 1 } m => Discretise(m.Mechanism, direction, step, tail, rounding),
        SampledMechanism { Mechanism: GaussianMechanism g } m => SampledGaussian(m.Rate, g.Sigma / g.L2Sensitivity, direction, step, tail, rounding),
        SampledMechanism { Mechanism: DiscreteGaussianMechanism { Variance: >= ContinuousVariance } g } m => SampledGaussian(
            m.Rate, Math.Sqrt(g.Variance) / g.Sensitivity / Margin(rounding), direction, step, tail, rounding),
        SampledMechanism m when rounding == LossRounding.Optimistic => SampledOutcomes(m.Rate, m.Mechanism, direction, step, tail),
        SampledMechanism m => Sampled(m.Rate, m.Mechanism, direction, step, tail, rounding),
        _ => throw Unknown(mechanism),
    };

    /// <summary>Standard deviation of the loss, roughly: decides steps, never a result.</summary>
    internal static double Spread(PrivacyMechanism mechanism) => mechanism switch
    {
        GaussianMechanism m => m.L2Sensitivity / m.Sigma,
        LaplaceMechanism m => m.L1Sensitivity / m.Scale,
        DiscreteLaplaceMechanism m => m.Sensitivity / m.Scale,
        DiscreteGaussianMechanism m => m.Sensitivity / Math.Sqrt(m.Variance),
        GenericMechanism m => m.Epsilon,
        PartitionSelectionMechanism m => m.Epsilon,
        ExponentialMechanism m => m.Epsilon,
        BoundedRangeMechanism m => m.Epsilon,
        SampledMechanism m => Elementary.Log1P(m.Rate * Elementary.ExpM1(Math.Min(700, Spread(m.Mechanism)))),
        _ => throw Unknown(mechanism),
    };

    /// <summary>The largest finite loss, where there is one, rounded up; infinity where there is none.</summary>
    internal static double LargestLoss(PrivacyMechanism mechanism, LossDirection direction) => mechanism switch
    {
        GaussianMechanism or DiscreteGaussianMechanism => double.PositiveInfinity,
        LaplaceMechanism or DiscreteLaplaceMechanism or GenericMechanism or PartitionSelectionMechanism or ExponentialMechanism or BoundedRangeMechanism => Rounding.Outward(Spread(mechanism)),
        SampledMechanism { Rate: >= 1 } m => LargestLoss(m.Mechanism, direction),
        SampledMechanism m => LargestSampledLoss(m, direction),
        _ => throw Unknown(mechanism),
    };

    /// <summary>Mass at infinite loss that the mechanism has by itself, without cut tails.</summary>
    internal static double Failure(PrivacyMechanism mechanism, LossDirection direction) => mechanism switch
    {
        GaussianMechanism or DiscreteGaussianMechanism or LaplaceMechanism or DiscreteLaplaceMechanism or ExponentialMechanism or BoundedRangeMechanism => 0,
        GenericMechanism m => m.Delta,
        PartitionSelectionMechanism m => m.Delta,
        SampledMechanism { Rate: >= 1 } m => Failure(m.Mechanism, direction),
        SampledMechanism m => direction == LossDirection.Remove ? m.Rate * Failure(m.Mechanism, direction) : 0,
        _ => throw Unknown(mechanism),
    };

    /// <summary>Whether both directions have one law.</summary>
    internal static bool IsSymmetric(PrivacyMechanism mechanism) => mechanism is not SampledMechanism { Rate: < 1 };

    /// <summary>Whether the loss has atoms at plus and minus epsilon, which a well-chosen grid meets exactly.</summary>
    internal static bool TryGetAtom(PrivacyMechanism mechanism, out double loss)
    {
        bool has = mechanism is LaplaceMechanism or DiscreteLaplaceMechanism or GenericMechanism or PartitionSelectionMechanism or ExponentialMechanism;
        loss = has ? Spread(mechanism) : 0;
        return has && loss > 0;
    }

    private static LossLaw Generic(double epsilon, double delta, double step, LossRounding rounding)
    {
        var law = new LossLaw(step, -epsilon, epsilon, rounding);
        double low = Math.Exp(-epsilon) / (1 + Math.Exp(-epsilon));
        law.Add(epsilon, (1 - delta) / (1 + Math.Exp(-epsilon)));
        law.Add(-epsilon, (1 - delta) * low);
        law.AddInfinity(delta);
        return law.Trimmed();
    }

    private static LossLaw Laplace(double epsilon, double step, LossRounding rounding)
    {
        var law = new LossLaw(step, -epsilon, epsilon, rounding);
        law.Add(epsilon, 0.5);
        law.Add(-epsilon, Math.Exp(-epsilon) / 2);
        Integrate(law, l => l, l => l, l => Math.Exp((l - epsilon) / 2) / 4, -epsilon, epsilon, 0.8);
        return law.Trimmed();
    }

    // The pair whose hockey stick is (e^(eps/2) - e^(l/2))^2 / (e^eps - 1): its second derivative in e^l gives a density in proportion to e^(l/2) on [-eps, eps], without atoms.
    private static LossLaw BoundedRange(double epsilon, double step, LossRounding rounding)
    {
        var law = new LossLaw(step, -epsilon, epsilon, rounding);
        double full = -2 * Elementary.ExpM1(-epsilon);
        Integrate(law, l => l, l => l, l => Math.Exp((l - epsilon) / 2) / full, -epsilon, epsilon, 0.8);
        return law.Trimmed();
    }

    private static LossLaw Gaussian(double mu, double step, double tail, LossRounding rounding)
    {
        double reach = Normal.UpperQuantile(tail);
        double half = mu * mu / 2;
        var law = new LossLaw(step, (-reach * mu) + half, (reach * mu) + half, rounding);
        Integrate(law, x => (mu * x) + half, l => (l - half) / mu, NormalDensity, -reach, reach, 0.8 / reach);
        AddTails(law, tail, (-reach * mu) + half, rounding);
        return law.Trimmed();
    }

    private static LossLaw DiscreteLaplace(double scale, long sensitivity, double step, LossRounding rounding)
    {
        double units = sensitivity;
        double coarse = scale;
        if (sensitivity > MostLaplaceSteps)
        {
            // g unit shifts at scale t are dominated by one shift at scale t/g. The lower bound gives away less than one unit in 2^14 of the loss.
            double g = Math.Ceiling(units / MostLaplaceSteps);
            units = rounding == LossRounding.Pessimistic ? Math.Ceiling(units / g) : Math.Floor(units / g);
            coarse = scale / g;
        }

        double rate = 1 / coarse;
        double top = rounding == LossRounding.Pessimistic ? Math.Max(units * rate, sensitivity / scale) : units * rate;
        var law = new LossLaw(step, -top, top + LargestQuantum, rounding);
        double q = Math.Exp(-rate);
        double Put(double loss) => OnLattice(loss, top, rounding);
        law.Add(Put(top), 1 / (1 + q));
        law.Add(Put(-units * rate), Math.Exp(-units * rate) / (1 + q));
        double point = -Elementary.ExpM1(-rate) / (1 + q);
        for (double x = 1; x < units; x++)
        {
            law.Add(Put((units - (2 * x)) * rate), point * Math.Exp(-x * rate));
        }

        return law.Trimmed();
    }

    private static LossLaw DiscreteGaussian(double variance, long sensitivity, double step, double tail, LossRounding rounding)
    {
        double sigma = Math.Sqrt(variance);
        double s = sensitivity;
        if (variance >= ContinuousVariance)
        {
            return Gaussian(s / sigma * Margin(rounding), step, tail, rounding);
        }

        // P(X at least k) is at most P(N at least k - 1): see DiscreteDistributions.GaussianUpperTailBound.
        double reach = Math.Ceiling(sigma * Normal.UpperQuantile(tail)) + 1;
        double Loss(double x) => OnLattice(s * ((2 * x) + s) / (2 * variance), s / sigma, rounding);
        var law = new LossLaw(step, Loss(-reach), Loss(reach), rounding);
        double normaliser = DiscreteDistributions.GaussianNormaliser(variance);
        for (double x = -reach; x <= reach; x++)
        {
            law.Add(Loss(x), Math.Exp(-x * x / (2 * variance)) / normaliser);
        }

        AddTails(law, tail, Loss(-reach), rounding);
        return law.Trimmed();
    }

    // Remove: P = (1-q) N(0) + q N(1) against N(0). Add: the other way round, outcomes read from the other end so that the loss rises in x.
    private static LossLaw SampledGaussian(double rate, double sigma, LossDirection direction, double step, double tail, LossRounding rounding)
    {
        double reach = Normal.UpperQuantile(tail);
        double square = sigma * sigma;
        double LogRatio(double x) => LogMixture(rate, ((2 * x) - 1) / (2 * square));
        double Inverse(double l)
        {
            // e^l - 1 + q = q e^((2x-1)/(2 sigma^2)); no x where the left side is not positive.
            double shifted = rate + Elementary.ExpM1(l);
            return shifted <= 0 ? double.NegativeInfinity : (square * (l > 600 ? l - Math.Log(rate) : Math.Log(shifted / rate))) + 0.5;
        }

        double panel = sigma * Math.Min(0.8 / reach, 0.8 * sigma);
        if (direction == LossDirection.Remove)
        {
            double low = -reach * sigma;
            double high = 1 + (reach * sigma);
            var law = new LossLaw(step, LogRatio(low), LogRatio(high), rounding);
            Integrate(
                law, LogRatio, Inverse,
                x => (((1 - rate) * NormalDensity(x / sigma)) + (rate * NormalDensity((x - 1) / sigma))) / sigma, low, high, panel);
            AddTails(law, tail, LogRatio(low), rounding);
            return law.Trimmed();
        }
        else
        {
            double end = reach * sigma;
            double Loss(double y) => -LogRatio(-y);
            var law = new LossLaw(step, Loss(-end), Loss(end), rounding);
            Integrate(law, Loss, l => -Inverse(-l), y => NormalDensity(y / sigma) / sigma, -end, end, panel);
            AddTails(law, tail, Loss(-end), rounding);
            return law.Trimmed();
        }
    }

    // Any pair: sampling mixes the pair's masses p and p e^-loss, outcome by outcome; what dominates the pair dominates the sampled pair by the same post-processing.
    private static LossLaw Sampled(double rate, PrivacyMechanism mechanism, LossDirection direction, double step, double tail, LossRounding rounding)
    {
        LossLaw inner = Discretise(mechanism, direction, step, tail, rounding);
        double floor = Elementary.Log1P(-rate);
        double highest = LogMixture(rate, inner.Last * step);
        double other = 0;
        for (int i = inner.Masses.Length - 1; i >= 0; i--)
        {
            other += inner.Masses[i] * Math.Exp(-(inner.First + i) * step);
        }

        // What the other world has beyond the pair lies where the first has nothing.
        double rest = KeepsOther(mechanism) ? 0 : Math.Max(0, 1 - other);
        bool remove = direction == LossDirection.Remove;
        var law = remove ? new LossLaw(step, floor, highest, rounding) : new LossLaw(step, -highest, -floor, rounding);
        for (int i = 0; i < inner.Masses.Length; i++)
        {
            double loss = (inner.First + i) * step;
            double mass = inner.Masses[i];
            double mixed = LogMixture(rate, loss);
            double without = mass * Math.Exp(-loss);
            if (remove)
            {
                law.Add(mixed, ((1 - rate) * without) + (rate * mass));
            }
            else
            {
                law.Add(-mixed, without);
            }
        }

        if (remove)
        {
            law.Add(floor, (1 - rate) * rest);
            law.AddInfinity(rate * inner.Infinity);
        }
        else
        {
            // The cut tails count the first world's mass up, which here would help: both of them at the largest loss this direction has.
            law.Add(-floor, rest);
            law.AddInfinity(2 * tail / (1 - rate));
        }

        return law.Trimmed();
    }

    // The lower bound: outcomes with their masses in both worlds, exact or merged, mixed and rounded down. Outcomes left out only lower a hockey stick.
    private static LossLaw SampledOutcomes(double rate, PrivacyMechanism mechanism, LossDirection direction, double step, double tail)
    {
        List<(double Mass, double Other)> outcomes = Outcomes(mechanism, step, tail);
        double floor = Elementary.Log1P(-rate);
        double highest = floor;
        bool remove = direction == LossDirection.Remove;
        foreach ((double mass, double other) in outcomes)
        {
            highest = other > 0 ? Math.Max(highest, Math.Log(1 - rate + (rate * mass / other))) : highest;
        }

        var law = remove ? new LossLaw(step, floor, highest, LossRounding.Optimistic) : new LossLaw(step, -highest, -floor, LossRounding.Optimistic);
        foreach ((double mass, double other) in outcomes)
        {
            double mixed = ((1 - rate) * other) + (rate * mass);
            if (other == 0)
            {
                law.AddInfinity(remove ? mixed : 0);
            }
            else if (mixed > 0)
            {
                double loss = Math.Log(mixed / other);
                law.Add(remove ? loss : -loss, remove ? mixed : other);
            }
        }

        return law.Trimmed();
    }

    private static List<(double Mass, double Other)> Outcomes(PrivacyMechanism mechanism, double step, double tail)
    {
        var outcomes = new List<(double Mass, double Other)>();
        switch (mechanism)
        {
            case LaplaceMechanism m:
                double end = m.L1Sensitivity / m.Scale;
                outcomes.Add((0.5, Math.Exp(-end) / 2));
                outcomes.Add((Math.Exp(-end) / 2, 0.5));
                int cells = (int)Math.Clamp(Math.Ceiling(2 * end / step), 16, 1 << 16);
                for (int i = 0; i < cells; i++)
                {
                    double a = -end + (2 * end * i / cells);
                    double width = 2 * end / cells;
                    outcomes.Add((
                        Math.Exp((a - end) / 2) * Elementary.ExpM1(width / 2) / 2,
                        Math.Exp(-(a + end) / 2) * -Elementary.ExpM1(-width / 2) / 2));
                }

                break;
            case BoundedRangeMechanism m:
                double all = -Elementary.ExpM1(-m.Epsilon);
                int pieces = (int)Math.Clamp(Math.Ceiling(2 * m.Epsilon / step), 16, 1 << 16);
                double piece = 2 * m.Epsilon / pieces;
                for (int i = 0; i < pieces; i++)
                {
                    double a = -m.Epsilon + (piece * i);
                    outcomes.Add((Math.Exp((a - m.Epsilon) / 2) * Elementary.ExpM1(piece / 2) / all, Math.Exp(-(a + m.Epsilon) / 2) * -Elementary.ExpM1(-piece / 2) / all));
                }

                break;
            case DiscreteLaplaceMechanism m:
                double g = Math.Ceiling((double)m.Sensitivity / MostLaplaceSteps);
                double units = Math.Floor(m.Sensitivity / g);
                double q = Math.Exp(-g / m.Scale);
                outcomes.Add((1 / (1 + q), Math.Exp(-units * g / m.Scale) / (1 + q)));
                outcomes.Add((Math.Exp(-units * g / m.Scale) / (1 + q), 1 / (1 + q)));
                for (double x = 1; x < units; x++)
                {
                    double point = -Elementary.ExpM1(-g / m.Scale) / (1 + q);
                    outcomes.Add((point * Math.Exp(-x * g / m.Scale), point * Math.Exp((x - units) * g / m.Scale)));
                }

                break;
            case DiscreteGaussianMechanism m:
                double normaliser = DiscreteDistributions.GaussianNormaliser(m.Variance);
                double reach = Math.Ceiling(Math.Sqrt(m.Variance) * Normal.UpperQuantile(tail)) + 1;
                double Weight(double x) => Math.Exp(-x * x / (2 * m.Variance)) / normaliser;
                for (double x = -reach - m.Sensitivity; x <= reach; x++)
                {
                    outcomes.Add((Weight(x), Weight(x + m.Sensitivity)));
                }

                break;
            case GenericMechanism or PartitionSelectionMechanism or ExponentialMechanism:
                double epsilon = Spread(mechanism);
                double delta = Failure(mechanism, LossDirection.Remove);
                double high = (1 - delta) / (1 + Math.Exp(-epsilon));
                double low = (1 - delta) * Math.Exp(-epsilon) / (1 + Math.Exp(-epsilon));
                outcomes.AddRange([(high, low), (low, high), (delta, 0), (0, delta)]);
                break;
            default:
                throw Unknown(mechanism);
        }

        return outcomes;
    }

    // Discrete laws are reported as a table of losses in steps of 1e-5, or finer for finer laws, does: rounded up. That is safe and makes the numbers of two accountants agree.
    private static double OnLattice(double loss, double spread, LossRounding rounding)
    {
        double quantum = Math.Min(LargestQuantum, 1e-4 * spread);
        return rounding == LossRounding.Pessimistic ? Math.Max(loss, Math.Ceiling((loss / quantum) - 1e-9) * quantum) : loss;
    }

    // Laws without cut tails, failures or rounding up keep the other world's whole mass on the grid: what is missing from 1 is rounding, which the margins hold.
    private static bool KeepsOther(PrivacyMechanism mechanism) =>
        mechanism is LaplaceMechanism or ExponentialMechanism or BoundedRangeMechanism or GenericMechanism { Delta: 0 } or PartitionSelectionMechanism { Delta: 0 };

    private static double Margin(LossRounding rounding) => rounding == LossRounding.Pessimistic ? 1 + ContinuousMargin : 1 - ContinuousMargin;

    private static double LargestSampledLoss(SampledMechanism mechanism, LossDirection direction)
    {
        if (direction == LossDirection.Add)
        {
            // Never beyond -ln(1-q), also where the inner loss has no bound.
            return Rounding.Outward(KeepsOther(mechanism.Mechanism)
                ? -LogMixture(mechanism.Rate, -LargestLoss(mechanism.Mechanism, direction))
                : -Elementary.Log1P(-mechanism.Rate));
        }

        double inner = LargestLoss(mechanism.Mechanism, direction);
        return double.IsInfinity(inner) ? inner : Rounding.Outward(LogMixture(mechanism.Rate, inner));
    }

    /// <summary>ln(1 - q + q e^x).</summary>
    private static double LogMixture(double rate, double x) =>
        x < 30 ? Elementary.Log1P(rate * Elementary.ExpM1(x)) : x + Math.Log(rate + ((1 - rate) * Math.Exp(-x)));

    private static double NormalDensity(double x) => 0.39894228040143267794 * Math.Exp(-0.5 * x * x);

    // Above the range: infinite loss. Below it: the lowest loss. Each side has at most the given probability; the lower bound leaves both out.
    private static void AddTails(LossLaw law, double tail, double lowest, LossRounding rounding)
    {
        if (rounding == LossRounding.Pessimistic)
        {
            law.AddInfinity(tail);
            law.Add(lowest, tail);
        }
    }

    // Adds the law of loss(x), x with the density, over [low, high]; loss rises. Cells of the grid are cut into panels that a five-point rule, or three points on a tenth of a panel, integrate to 1e-12.
    private static void Integrate(LossLaw law, Func<double, double> loss, Func<double, double> inverse, Func<double, double> density, double low, double high, double panel)
    {
        double step = law.Step;
        double x = low;
        long cell = (long)Math.Floor(loss(low) / step);
        while (x < high)
        {
            double end = Math.Min(high, inverse((cell + 1) * step));
            if (end > x)
            {
                int panels = (int)Math.Clamp(Math.Ceiling((end - x) / panel), 1, 1 << 16);
                double width = (end - x) / panels;
                (double[] nodes, double[] weights) = width < panel / 10 ? s_shortRule : s_rule;
                for (int p = 0; p < panels; p++)
                {
                    double start = x + (p * width);
                    for (int i = 0; i < nodes.Length; i++)
                    {
                        double at = start + (width * nodes[i]);
                        double offset = Math.Clamp(loss(at) - (cell * step), 0, step);
                        law.AddInCell((int)(cell - law.First), offset, width * weights[i] * density(at));
                    }
                }

                x = end;
            }

            cell++;
            if (cell > law.Last)
            {
                break;
            }
        }
    }

    private static ArgumentException Unknown(PrivacyMechanism? mechanism) =>
        new($"The accountant has no branch for mechanism {mechanism?.GetType().Name ?? "null"}.", nameof(mechanism));
}
