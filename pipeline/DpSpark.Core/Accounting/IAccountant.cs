using DpSpark.Core.Parameters;

namespace DpSpark.Core.Accounting;

/// <summary>Adds up what the mechanisms of a release cost. The implementations differ in how well they know a mechanism, hence in what they prove.</summary>
/// <remarks>
/// All results hold for adaptively chosen mechanisms with fixed parameters. Here are the basic accountant and, as functions, the exact Gaussian one
/// (<see cref="GaussianPrivacy.Compose"/>) and zCDP (<see cref="Zcdp"/>); accountants of Renyi divergences and of loss distributions take the same place.
/// </remarks>
public interface IAccountant
{
    /// <summary>Name and version, as a release's record states it.</summary>
    string Name { get; }

    /// <summary>Epsilon of everything charged.</summary>
    ExactDecimal Epsilon { get; }

    /// <summary>Delta of everything charged.</summary>
    ExactDecimal Delta { get; }

    /// <summary>Adds a mechanism with an (epsilon, delta) guarantee.</summary>
    /// <param name="epsilon">At least 0.</param>
    /// <param name="delta">At least 0.</param>
    void Charge(ExactDecimal epsilon, ExactDecimal delta);
}
