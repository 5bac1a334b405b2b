namespace DpSpark.Core.Local;

/// <summary>A frequency oracle of local differential privacy: a report supports the true value with chance p and any other with chance q.</summary>
/// <param name="P">Chance to support the true value.</param>
/// <param name="Q">Chance to support another value.</param>
/// <remarks>
/// Guarantee: each protocol's report is epsilon-differentially private by itself, whoever collects it. Estimate of a value's number: (c - n q)/(p - q), unbiased; its variance
/// n (f p (1-p) + (1-f) q (1-q)) / (p-q)^2 at frequency f. Source: Wang, Blocki, Li and Jha, "Locally Differentially Private Protocols for Frequency Estimation", USENIX Security 2017.
/// </remarks>
public sealed record FrequencyOracle(double P, double Q)
{
    /// <summary>Randomised response over k values: the true one with chance e^eps/(e^eps + k - 1), each other with chance 1/(e^eps + k - 1).</summary>
    /// <param name="epsilon">Above 0.</param>
    /// <param name="values">k, at least 2.</param>
    public static FrequencyOracle RandomizedResponse(double epsilon, long values)
    {
        Check(epsilon);
        ArgumentOutOfRangeException.ThrowIfLessThan(values, 2);
        double small = Math.Exp(-epsilon);
        double total = 1 + ((values - 1) * small);
        return new(1 / total, small / total);
    }

    /// <summary>Optimised unary encoding: a 1 stays with chance 1/2, a 0 becomes 1 with chance 1/(e^eps + 1).</summary>
    /// <param name="epsilon">Above 0.</param>
    public static FrequencyOracle OptimizedUnary(double epsilon)
    {
        Check(epsilon);
        return new(0.5, Math.Exp(-epsilon) / (1 + Math.Exp(-epsilon)));
    }

    /// <summary>Symmetric unary encoding (basic RAPPOR): every bit is kept with chance e^(eps/2)/(e^(eps/2) + 1).</summary>
    /// <param name="epsilon">Above 0.</param>
    public static FrequencyOracle SymmetricUnary(double epsilon)
    {
        Check(epsilon);
        double small = Math.Exp(-epsilon / 2);
        return new(1 / (1 + small), small / (1 + small));
    }

    /// <summary>Optimised local hashing: values are hashed to g = round(e^eps) + 1 cells, then randomised response; another value is supported with chance 1/g.</summary>
    /// <param name="epsilon">Above 0, at most 40.</param>
    public static FrequencyOracle LocalHashing(double epsilon) => new(RandomizedResponse(epsilon, HashCells(epsilon)).P, 1.0 / HashCells(epsilon));

    /// <summary>g of local hashing.</summary>
    /// <param name="epsilon">Above 0, at most 40.</param>
    public static long HashCells(double epsilon)
    {
        Check(epsilon);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(epsilon, 40);
        return (long)Math.Round(Math.Exp(epsilon)) + 1;
    }

    /// <summary>The unbiased estimate of a value's number.</summary>
    /// <param name="reports">n.</param>
    /// <param name="supporting">c, the reports that support the value.</param>
    public double Estimate(double reports, double supporting) => (supporting - (reports * Q)) / (P - Q);

    /// <summary>The variance of the estimate.</summary>
    /// <param name="reports">n.</param>
    /// <param name="frequency">f, the value's true share.</param>
    public double Variance(double reports, double frequency) =>
        reports * ((frequency * P * (1 - P)) + ((1 - frequency) * Q * (1 - Q))) / ((P - Q) * (P - Q));

    internal static void Check(double epsilon)
    {
        if (!(epsilon > 0) || double.IsInfinity(epsilon))
        {
            throw new ArgumentOutOfRangeException(nameof(epsilon), "A local protocol needs a finite epsilon above 0.");
        }
    }
}

/// <summary>Hadamard response with one random row: the bit H[row, value] is sent as it is with chance e^eps/(e^eps + 1).</summary>
/// <param name="MatchProbability">Chance that the bit is sent as it is.</param>
/// <param name="Scale">(e^eps + 1)/(e^eps - 1), by which the mean of y H[row, x] is multiplied.</param>
/// <remarks>Guarantee: epsilon-local differential privacy; the row is independent of the value. Source: Acharya, Sun and Zhang, "Hadamard Response", AISTATS 2019.</remarks>
public sealed record HadamardResponse(double MatchProbability, double Scale)
{
    /// <summary>Variance of the estimated frequency of a value nobody has, per user.</summary>
    public double ZeroVariance => Scale * Scale;

    /// <summary>The protocol at an epsilon.</summary>
    /// <param name="epsilon">Above 0.</param>
    public static HadamardResponse Of(double epsilon)
    {
        FrequencyOracle.Check(epsilon);
        return new(1 / (1 + Math.Exp(-epsilon)), 1 / Math.Tanh(epsilon / 2));
    }

    /// <summary>The entry of the Hadamard matrix: 1 where row and column share an even number of bits, -1 otherwise.</summary>
    /// <param name="row">Row.</param>
    /// <param name="column">Column.</param>
    public static int Entry(ulong row, ulong column) => (System.Numerics.BitOperations.PopCount(row & column) & 1) == 0 ? 1 : -1;
}
