using DpSpark.Core.Parameters;
using DpSpark.Jobs.Diagnostics;

namespace DpSpark.Jobs.Manifest;

/// <summary>Domains of numbers (dp-math.md 0.4).</summary>
internal static class Bounds
{
    private static readonly ExactDecimal s_largest = ExactDecimal.Parse("1e300");
    private static readonly ExactDecimal s_leastEpsilon = ExactDecimal.Create(System.Numerics.BigInteger.Pow(5, 50), 50);
    private static readonly ExactDecimal s_mostEpsilon = ExactDecimal.Create(1 << 30, 0);

    /// <summary>Whether a bound is a number of a size that a column can hold.</summary>
    public static bool InRange(ExactDecimal bound, ManifestValue at)
    {
        if (bound <= s_largest && bound >= -s_largest)
        {
            return true;
        }

        at.Error(DiagnosticCatalog.OutOfDomain, $"`{at.Path}` is {Printable.Text(bound.ToString())}; no column holds such a number.", "bounds come from domain knowledge.", "write a bound between -1e300 and 1e300");
        return false;
    }

    /// <summary>An epsilon in [2^-50, 2^30]; null after a fault.</summary>
    public static ExactDecimal? Epsilon(ManifestValue value)
    {
        if (value.Number("1.0") is not { } epsilon)
        {
            return null;
        }

        if (epsilon < s_leastEpsilon || epsilon > s_mostEpsilon)
        {
            value.Error(DiagnosticCatalog.OutOfDomain, $"`{value.Path}` is {Printable.Text(epsilon.ToString())}; epsilon lies between 2^-50 (about 8.9e-16) and 2^30.",
                epsilon.Sign <= 0 ? "epsilon bounds what a release tells about one unit; at 0 or below nothing could be released." : "beyond that the noise cannot be computed, or there is none.", "write e.g. `epsilon: \"1.0\"`");
            return null;
        }

        return epsilon;
    }

    /// <summary>A delta in [0, 1); null after a fault.</summary>
    public static ExactDecimal? Delta(ManifestValue value)
    {
        if (value.Number("1e-8") is not { } delta)
        {
            return null;
        }

        if (delta.Sign < 0 || delta >= ExactDecimal.One)
        {
            value.Error(DiagnosticCatalog.OutOfDomain, $"`{value.Path}` is {Printable.Text(delta.ToString())}; delta is at least 0 and below 1.", "it is the chance that the guarantee of epsilon does not hold.", "write e.g. `delta: \"1e-8\"`, or `\"0\"` with Laplace noise and a keyset");
            return null;
        }

        return delta;
    }
}
