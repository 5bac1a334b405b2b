using DpSpark.Core.Numerics;

namespace DpSpark.Core.Accounting.Loss;

/// <summary>The privacy of a plan by the distribution of its privacy loss: proved upper bounds of epsilon and delta, and lower bounds to show how tight they are.</summary>
/// <remarks>
/// Guarantee: the mechanisms together, each as often as stated, adaptively chosen with fixed parameters, are (epsilon, delta)-differentially private under the one neighbouring
/// relation all parameters refer to, for every pair this class returns. Discretisation, cut tails, wrapped windows and the rounding of the transforms are charged.
/// Sources: Koskela, Jalko and Honkela, AISTATS 2020; Gopi, Lee and Wutschitz, NeurIPS 2021; Doroshenko et al., PoPETs 2022. Proof: docs/proofs/loss-distributions.md.
/// Not thread safe: it keeps its transforms.
/// </remarks>
public sealed class LossAccountant
{
    private const double DefaultPrecision = 1e-6;
    private const int LargestLaw = 1 << 18;
    private const double RoundingMargin = 1e-12;
    private readonly Dictionary<int, FourierTransform> _transforms = [];
    private readonly double _precision;

    /// <summary>An accountant.</summary>
    /// <param name="precision">Relative error of epsilon that the grid may cause, about; 1e-9 to 0.01. Every precision is safe.</param>
    public LossAccountant(double precision = DefaultPrecision)
    {
        if (!(precision >= 1e-9 && precision <= 0.01))
        {
            throw new ArgumentOutOfRangeException(nameof(precision), "The precision lies between 1e-9 and 0.01.");
        }

        _precision = precision;
    }

    /// <summary>Name and version, as a release's record states it.</summary>
    public static string Name => "pld-v1";

    /// <summary>An epsilon, at least the smallest one, at which the plan has the delta; infinite where none exists.</summary>
    /// <param name="plan">The mechanisms and their numbers of uses.</param>
    /// <param name="delta">0 to 1.</param>
    public double Epsilon(IReadOnlyList<MechanismUse> plan, double delta) => Epsilon(LossPlan.Create(plan), delta, LossRounding.Pessimistic);

    /// <summary>A delta, at least the smallest one, at which the plan has the epsilon.</summary>
    /// <param name="plan">The mechanisms and their numbers of uses.</param>
    /// <param name="epsilon">At least 0.</param>
    public double Delta(IReadOnlyList<MechanismUse> plan, double epsilon) => Delta(LossPlan.Create(plan), epsilon, LossRounding.Pessimistic);

    /// <summary>The smallest epsilon between two proved bounds.</summary>
    /// <param name="plan">The mechanisms and their numbers of uses.</param>
    /// <param name="delta">0 to 1.</param>
    public PrivacyBracket EpsilonBracket(IReadOnlyList<MechanismUse> plan, double delta)
    {
        LossPlan checkedPlan = LossPlan.Create(plan);
        return new(Epsilon(checkedPlan, delta, LossRounding.Optimistic), Epsilon(checkedPlan, delta, LossRounding.Pessimistic));
    }

    /// <summary>The smallest delta between two proved bounds.</summary>
    /// <param name="plan">The mechanisms and their numbers of uses.</param>
    /// <param name="epsilon">At least 0.</param>
    public PrivacyBracket DeltaBracket(IReadOnlyList<MechanismUse> plan, double epsilon)
    {
        LossPlan checkedPlan = LossPlan.Create(plan);
        return new(Delta(checkedPlan, epsilon, LossRounding.Optimistic), Delta(checkedPlan, epsilon, LossRounding.Pessimistic));
    }

    private double Epsilon(LossPlan plan, double delta, LossRounding rounding)
    {
        if (!(delta >= 0 && delta <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(delta), "A delta lies between 0 and 1.");
        }

        if (plan.Uses.Count == 0 || delta == 1)
        {
            return 0;
        }

        double result = Direction(plan, delta, LossDirection.Remove, rounding);
        return plan.IsSymmetric ? result : Math.Max(result, Direction(plan, delta, LossDirection.Add, rounding));
    }

    private double Direction(LossPlan plan, double delta, LossDirection direction, LossRounding rounding)
    {
        double failure = plan.Failure(direction);
        double largest = plan.LargestLoss(direction);
        if (failure >= delta && (failure > 0 || double.IsInfinity(largest)))
        {
            return failure == delta && rounding == LossRounding.Optimistic && !double.IsInfinity(largest) ? 0 : double.PositiveInfinity;
        }

        if (delta == 0)
        {
            return rounding == LossRounding.Pessimistic ? largest : largest * (1 - RoundingMargin);
        }

        double room = delta - failure;
        (double variance, double uses) = plan.Size();
        double tail = Math.Clamp(room * 1e-9 / uses, 1e-300, 1e-3);
        LossComposition coarse = Coarse(plan, direction, variance, uses, tail);
        (double theta, double epsilon) = coarse.TiltAtDelta(room);
        double logRoom = Math.Log(room);
        double found = Compose(plan, direction, coarse, theta, epsilon, tail, rounding, fine => (fine?.TiltAtDelta(room).Theta ?? theta, epsilon, logRoom)).Epsilon(delta);
        return Math.Min(found, largest);
    }

    private double Delta(LossPlan plan, double epsilon, LossRounding rounding)
    {
        if (!(epsilon >= 0))
        {
            throw new ArgumentOutOfRangeException(nameof(epsilon), "An epsilon is at least 0.");
        }

        if (plan.Uses.Count == 0)
        {
            return 0;
        }

        double result = DeltaOf(plan, epsilon, LossDirection.Remove, rounding);
        return plan.IsSymmetric ? result : Math.Max(result, DeltaOf(plan, epsilon, LossDirection.Add, rounding));
    }

    private double DeltaOf(LossPlan plan, double epsilon, LossDirection direction, LossRounding rounding)
    {
        double failure = plan.Failure(direction);
        if (epsilon >= plan.LargestLoss(direction) || double.IsInfinity(epsilon))
        {
            // The largest loss is rounded up, so nothing lies above it.
            return rounding == LossRounding.Pessimistic && failure > 0 ? Math.Min(1, failure * (1 + RoundingMargin)) : failure;
        }

        (double variance, double uses) = plan.Size();
        LossComposition coarse = Coarse(plan, direction, variance, uses, 1e-20);
        (double theta, double logDelta) = coarse.TiltAtEpsilon(epsilon);
        double tail = Math.Clamp(Math.Exp(logDelta) * 1e-12 / uses, 1e-300, 1e-3);
        return Compose(
            plan, direction, coarse, theta, Math.Max(epsilon, Math.Sqrt(variance)), tail, rounding,
            fine => (fine?.TiltAtEpsilon(epsilon).Theta ?? theta, epsilon, logDelta)).Delta(epsilon);
    }

    private HockeyStick Compose(
        LossPlan plan, LossDirection direction, LossComposition coarse, double theta, double scale, double tail, LossRounding rounding,
        Func<LossComposition?, (double Theta, double Epsilon, double LogDelta)> retilt)
    {
        for (double coarsening = 1; ; coarsening *= 4)
        {
            LossComposition fine = Fine(plan, direction, theta, scale, coarsening, tail, rounding);
            (double better, double epsilon, double logDelta) = retilt(Agree(coarse, fine, theta) ? null : fine);
            if (fine.Compose(coarse, better, epsilon, logDelta) is HockeyStick stick)
            {
                return stick;
            }
        }
    }

    // A tilt found on the coarse grid serves the fine one as long as both see the same law there; any tilt is safe, a strange one is loose.
    private static bool Agree(LossComposition coarse, LossComposition fine, double theta) => Math.Abs(coarse.Moments(theta).Log - fine.Moments(theta).Log) < 1;

    private LossComposition Coarse(LossPlan plan, LossDirection direction, double variance, double uses, double tail)
    {
        double step = Math.Max(Math.Sqrt(variance / uses) / 8, plan.Range(tail) / 8192);
        return new LossComposition(plan.Discretise(direction, step, tail, LossRounding.Pessimistic), LossRounding.Pessimistic, Transform);
    }

    // The grid adds at most step^2/4, on average step^2/6, of variance to each use, hence about (theta+1) uses step^2/12 to epsilon.
    private LossComposition Fine(
        LossPlan plan, LossDirection direction, double theta, double epsilon, double coarsening, double tail, LossRounding rounding)
    {
        (double variance, double uses) = plan.Size();
        double aim = Math.Max(epsilon, 0.1 * Math.Sqrt(variance));
        double step = Math.Sqrt(12 * _precision * aim / ((theta + 1) * uses));
        step = coarsening * Math.Max(step, plan.Range(tail) / LargestLaw);
        return new LossComposition(plan.Discretise(direction, step, tail, rounding), rounding, Transform);
    }

    private FourierTransform Transform(int length)
    {
        if (!_transforms.TryGetValue(length, out FourierTransform? transform))
        {
            transform = new FourierTransform(length);
            _transforms[length] = transform;
        }

        return transform;
    }
}
