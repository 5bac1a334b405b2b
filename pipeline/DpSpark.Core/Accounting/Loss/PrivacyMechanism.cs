namespace DpSpark.Core.Accounting.Loss;

/// <summary>A mechanism as the accountant sees it: its kind and its noise relative to what one unit changes. The kinds are closed: an accountant that meets another refuses.</summary>
public abstract record PrivacyMechanism
{
    private protected PrivacyMechanism()
    {
    }

    /// <summary>Whether one unit changes nothing, so that the mechanism costs nothing.</summary>
    public abstract bool IsFree { get; }

    /// <summary>Throws when a parameter is outside of its domain.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is.</exception>
    public abstract void Validate();

    /// <summary>Throws unless a number is finite and above 0.</summary>
    private protected static void RequirePositive(double value, string name)
    {
        if (!(value > 0) || double.IsInfinity(value))
        {
            throw new ArgumentOutOfRangeException(name, $"{name} is a finite number above 0.");
        }
    }

    /// <summary>Throws unless a number is finite and at least 0.</summary>
    private protected static void RequireNotNegative(double value, string name)
    {
        if (!(value >= 0) || double.IsInfinity(value))
        {
            throw new ArgumentOutOfRangeException(name, $"{name} is a finite number of 0 or above.");
        }
    }

    /// <summary>Throws unless a number is a probability.</summary>
    private protected static void RequireProbability(double value, string name)
    {
        if (!(value >= 0 && value <= 1))
        {
            throw new ArgumentOutOfRangeException(name, $"{name} lies between 0 and 1.");
        }
    }
}

/// <summary>Continuous Gaussian noise, or discrete Gaussian noise on a grid of at least 2^10 units per sigma after <see cref="DiscreteGaussianMechanism"/>'s margin.</summary>
/// <param name="Sigma">Standard deviation.</param>
/// <param name="L2Sensitivity">What one unit changes, in the L2 norm.</param>
public sealed record GaussianMechanism(double Sigma, double L2Sensitivity) : PrivacyMechanism
{
    /// <inheritdoc/>
    public override bool IsFree => L2Sensitivity == 0;

    /// <inheritdoc/>
    public override void Validate()
    {
        RequirePositive(Sigma, nameof(Sigma));
        RequireNotNegative(L2Sensitivity, nameof(L2Sensitivity));
    }
}

/// <summary>Continuous Laplace noise on ONE number; a vector whose every coordinate may change by the same amount is as many mechanisms.</summary>
/// <param name="Scale">Scale b.</param>
/// <param name="L1Sensitivity">What one unit changes, in the L1 norm.</param>
public sealed record LaplaceMechanism(double Scale, double L1Sensitivity) : PrivacyMechanism
{
    /// <inheritdoc/>
    public override bool IsFree => L1Sensitivity == 0;

    /// <inheritdoc/>
    public override void Validate()
    {
        RequirePositive(Scale, nameof(Scale));
        RequireNotNegative(L1Sensitivity, nameof(L1Sensitivity));
    }
}

/// <summary>Discrete Laplace noise on one integer.</summary>
/// <param name="Scale">Scale t in units: P(k) in proportion to exp(-|k|/t).</param>
/// <param name="Sensitivity">What one unit changes, in units.</param>
public sealed record DiscreteLaplaceMechanism(double Scale, long Sensitivity) : PrivacyMechanism
{
    /// <inheritdoc/>
    public override bool IsFree => Sensitivity == 0;

    /// <inheritdoc/>
    public override void Validate()
    {
        RequirePositive(Scale, nameof(Scale));
        RequireNotNegative(Sensitivity, nameof(Sensitivity));
    }
}

/// <summary>Discrete Gaussian noise on one integer; a unit that changes L0 integers is L0 such mechanisms, not one of sensitivity sqrt(L0).</summary>
/// <param name="Variance">The parameter sigma^2 in units squared.</param>
/// <param name="Sensitivity">What one unit changes, in units.</param>
public sealed record DiscreteGaussianMechanism(double Variance, long Sensitivity) : PrivacyMechanism
{
    /// <summary>The mechanism of a standard deviation instead of a variance.</summary>
    /// <param name="sigma">The parameter sigma in units.</param>
    /// <param name="sensitivity">What one unit changes, in units.</param>
    public static DiscreteGaussianMechanism OfSigma(double sigma, long sensitivity) => new(sigma * sigma, sensitivity);

    /// <inheritdoc/>
    public override bool IsFree => Sensitivity == 0;

    /// <inheritdoc/>
    public override void Validate()
    {
        RequirePositive(Variance, nameof(Variance));
        RequireNotNegative(Sensitivity, nameof(Sensitivity));
    }
}

/// <summary>Any mechanism of which only (epsilon, delta) is known; randomised response is one, and with epsilon 0 a bare chance of failure.</summary>
/// <param name="Epsilon">At least 0.</param>
/// <param name="Delta">0 to 1.</param>
public sealed record GenericMechanism(double Epsilon, double Delta) : PrivacyMechanism
{
    /// <inheritdoc/>
    public override bool IsFree => Epsilon == 0 && Delta == 0;

    /// <inheritdoc/>
    public override void Validate()
    {
        RequireNotNegative(Epsilon, nameof(Epsilon));
        RequireProbability(Delta, nameof(Delta));
    }
}

/// <summary>Truncated-geometric selection of ONE partition: dominated by the generic pair of its (epsilon0, delta0). A unit in L0 partitions uses it L0 times.</summary>
/// <param name="Epsilon">epsilon0 per partition, at least 0.</param>
/// <param name="Delta">delta0 per partition, 0 to 1.</param>
public sealed record PartitionSelectionMechanism(double Epsilon, double Delta) : PrivacyMechanism
{
    /// <inheritdoc/>
    public override bool IsFree => Epsilon == 0 && Delta == 0;

    /// <inheritdoc/>
    public override void Validate()
    {
        RequireNotNegative(Epsilon, nameof(Epsilon));
        RequireProbability(Delta, nameof(Delta));
    }
}

/// <summary>Exponential mechanism, permute-and-flip or report-noisy-max: purely epsilon-differentially private, hence dominated by the generic pair (epsilon, 0).</summary>
/// <param name="Epsilon">At least 0.</param>
public sealed record ExponentialMechanism(double Epsilon) : PrivacyMechanism
{
    /// <inheritdoc/>
    public override bool IsFree => Epsilon == 0;

    /// <inheritdoc/>
    public override void Validate() => RequireNotNegative(Epsilon, nameof(Epsilon));
}

/// <summary>A mechanism of bounded range: between two neighbours the logarithms of the ratios of its chances lie in an interval of this length. The exponential mechanism is one; permute-and-flip is not.</summary>
/// <param name="Epsilon">Length of the interval, at least 0; it is epsilon-differentially private, too.</param>
/// <remarks>
/// Dominated at every epsilon' by the pair with delta(epsilon') = (e^(epsilon/2) - e^(epsilon'/2))^2 / (e^epsilon - 1), the largest over the place of the interval
/// (Dong, Durfee and Rogers, ICML 2020; docs/proofs/private-selection.md).
/// </remarks>
public sealed record BoundedRangeMechanism(double Epsilon) : PrivacyMechanism
{
    /// <inheritdoc/>
    public override bool IsFree => Epsilon == 0;

    /// <inheritdoc/>
    public override void Validate() => RequireNotNegative(Epsilon, nameof(Epsilon));
}

/// <summary>A mechanism that sees a fresh, secret Poisson sample of the units. Its two directions differ.</summary>
/// <param name="Rate">Chance of each unit to be sampled.</param>
/// <param name="Mechanism">What runs on the sample; not itself a sampled one.</param>
public sealed record SampledMechanism(double Rate, PrivacyMechanism Mechanism) : PrivacyMechanism
{
    /// <inheritdoc/>
    public override bool IsFree => Rate == 0 || Mechanism.IsFree;

    /// <inheritdoc/>
    public override void Validate()
    {
        RequireProbability(Rate, nameof(Rate));
        ArgumentNullException.ThrowIfNull(Mechanism);
        if (Mechanism is SampledMechanism)
        {
            throw new ArgumentOutOfRangeException(nameof(Mechanism), "A sample of a sample is one sample whose rate is the product.");
        }

        Mechanism.Validate();
    }
}

/// <summary>A mechanism and how often a plan uses it.</summary>
/// <param name="Mechanism">The mechanism.</param>
/// <param name="Count">At least 0; each use costs.</param>
public readonly record struct MechanismUse(PrivacyMechanism Mechanism, int Count);
