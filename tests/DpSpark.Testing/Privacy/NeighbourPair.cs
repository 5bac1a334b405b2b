namespace DpSpark.Testing.Privacy;

/// <summary>The output laws of one mechanism on two neighbouring inputs, small enough to be listed: every outcome with its chance here and there.</summary>
/// <remarks>
/// Outcomes whose chances have the same ratio are one outcome, which keeps every hockey-stick divergence. Independent mechanisms multiply, so a vector of noisy numbers is a product.
/// Ratios are compared to a relative 1e-11; what is merged moves a divergence by no more than that.
/// </remarks>
public sealed class NeighbourPair
{
    private readonly List<(double Here, double There)> _outcomes;

    private NeighbourPair(IEnumerable<(double Here, double There)> outcomes)
    {
        var merged = new SortedDictionary<long, (double Here, double There)>();
        foreach ((double here, double there) in outcomes)
        {
            if (here == 0 && there == 0)
            {
                continue;
            }

            long ratio = there == 0 ? long.MaxValue : here == 0 ? long.MinValue : (long)Math.Round(Math.Log(here / there) * 1e11);
            merged.TryGetValue(ratio, out (double Here, double There) known);
            merged[ratio] = (known.Here + here, known.There + there);
        }

        _outcomes = [.. merged.Values];
    }

    /// <summary>A mechanism that tells nothing.</summary>
    public static NeighbourPair Nothing { get; } = new([(1, 1)]);

    /// <summary>Number of outcomes with different ratios.</summary>
    public int Count => _outcomes.Count;

    /// <summary>A pair from two laws over the integers.</summary>
    /// <param name="here">Chance of an outcome on one input.</param>
    /// <param name="there">Chance of it on the neighbour.</param>
    /// <param name="from">First outcome.</param>
    /// <param name="to">Last outcome; what lies outside has next to no chance, which <see cref="Mass"/> shows.</param>
    public static NeighbourPair Of(Func<long, double> here, Func<long, double> there, long from, long to)
    {
        ArgumentNullException.ThrowIfNull(here);
        ArgumentNullException.ThrowIfNull(there);
        return new(Between(from, to).Select(k => (here(k), there(k))));
    }

    /// <summary>A pair from two lists of chances of the same outcomes.</summary>
    /// <param name="here">Chances on one input.</param>
    /// <param name="there">Chances on the neighbour.</param>
    public static NeighbourPair Of(IReadOnlyList<double> here, IReadOnlyList<double> there)
    {
        ArgumentNullException.ThrowIfNull(here);
        ArgumentNullException.ThrowIfNull(there);
        return here.Count == there.Count ? new(here.Zip(there)) : throw new ArgumentException("Both inputs have the same outcomes.", nameof(there));
    }

    /// <summary>An integer with noise, the integer differing by a shift.</summary>
    /// <param name="noise">The law of the noise.</param>
    /// <param name="shift">The difference.</param>
    /// <param name="reach">Beyond plus or minus this the noise has next to no chance.</param>
    public static NeighbourPair Shifted(Func<long, double> noise, long shift, long reach) =>
        Of(k => noise(k - shift), noise, -reach - Math.Abs(shift), reach + Math.Abs(shift));

    /// <summary>The chance of all outcomes, on the input where less of it is listed: 1 but for what lies outside.</summary>
    public double Mass => Math.Min(_outcomes.Sum(o => o.Here), _outcomes.Sum(o => o.There));

    /// <summary>Both mechanisms, with independent randomness.</summary>
    /// <param name="other">The other.</param>
    public NeighbourPair And(NeighbourPair other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new(_outcomes.SelectMany(_ => other._outcomes, (a, b) => (a.Here * b.Here, a.There * b.There)));
    }

    /// <summary>The mechanism several times, with independent randomness.</summary>
    /// <param name="times">How often.</param>
    public NeighbourPair Times(int times)
    {
        NeighbourPair all = Nothing;
        for (int i = 0; i < times; i++)
        {
            all = all.And(this);
        }

        return all;
    }

    /// <summary>The smallest delta at an epsilon: the larger hockey-stick divergence of both directions.</summary>
    /// <param name="epsilon">At least 0.</param>
    public double Delta(double epsilon) => Math.Max(DeltaHere(epsilon), _outcomes.Sum(o => Math.Max(0, o.There - (Math.Exp(epsilon) * o.Here))));

    /// <summary>The hockey-stick divergence of the first input's law from the neighbour's.</summary>
    /// <param name="epsilon">At least 0.</param>
    public double DeltaHere(double epsilon) => _outcomes.Sum(o => Math.Max(0, o.Here - (Math.Exp(epsilon) * o.There)));

    /// <summary>Whether the pair keeps (epsilon, delta), to the accuracy of the sums.</summary>
    /// <param name="epsilon">At least 0.</param>
    /// <param name="delta">0 to 1.</param>
    public bool Keeps(double epsilon, double delta) => Delta(epsilon) <= (delta * (1 + 1e-9)) + 1e-13;

    /// <summary>The Renyi divergence of the first input's law from the neighbour's; outcomes that the neighbour cannot have make it infinite.</summary>
    /// <param name="order">Above 1.</param>
    public double Renyi(double order) =>
        Math.Log(_outcomes.Where(o => o.Here > 0).Sum(o => o.There == 0 ? double.PositiveInfinity : Math.Exp((order * Math.Log(o.Here)) - ((order - 1) * Math.Log(o.There))))) / (order - 1);

    private static IEnumerable<long> Between(long from, long to)
    {
        for (long k = from; k <= to; k++)
        {
            yield return k;
        }
    }
}
