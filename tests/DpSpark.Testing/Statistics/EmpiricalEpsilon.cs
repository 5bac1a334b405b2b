namespace DpSpark.Testing.Statistics;

/// <summary>What releases of neighbouring inputs prove about epsilon.</summary>
/// <param name="Statistic">Index of the statistic that the event looks at.</param>
/// <param name="Event">The event in words.</param>
/// <param name="Likely">Occurrences among <paramref name="Trials"/> where the event is likelier.</param>
/// <param name="Unlikely">Occurrences among <paramref name="Trials"/> of the neighbour.</param>
/// <param name="Trials">Releases of each input that the bound counts: the second half.</param>
/// <param name="Delta">Delta of the claim.</param>
/// <remarks>
/// The event is chosen on the first half of the releases and counted on the second, so that the bound is not fitted to its own draws. Events: a statistic is at least, or below, a
/// threshold; a statistic equals a value; each read in both directions. Bounds: Clopper and Pearson. Source: dp-math.md 7.7.
/// </remarks>
public sealed record EmpiricalEpsilon(int Statistic, string Event, int Likely, int Unlikely, int Trials, double Delta)
{
    /// <summary>Chance that <see cref="Lower"/> exceeds the epsilon of a release that keeps its claim.</summary>
    public const double FalseAlarm = 1e-6;

    /// <summary>Standard deviations for a one-sided chance of <see cref="FalseAlarm"/> / 2.</summary>
    private const double Deviations = 4.9;

    private const int Thresholds = 60;

    private const int CommonValues = 8;

    /// <summary>The lower bound of epsilon.</summary>
    public double Lower => Bound(Likely, Unlikely);

    /// <summary>
    /// The bound when each of the two counts falls 4.9 standard deviations to the bad side of what was seen. A double for which this is above the claim is caught with a power of
    /// 1 - 1e-6 at the event's measured probabilities.
    /// </summary>
    public double LowerWithPower
    {
        get
        {
            var likely = Likely - (Deviations * Math.Sqrt(Math.Max(1, Likely * (1 - ((double)Likely / Trials)))));
            var unlikely = Unlikely == 0 ? 0 : Unlikely + (Deviations * Math.Sqrt(Math.Max(1, Unlikely * (1 - ((double)Unlikely / Trials)))));
            return Bound(Math.Max(0, (int)Math.Floor(likely)), Math.Min(Trials, (int)Math.Ceiling(unlikely)));
        }
    }

    /// <summary>Chooses an event and counts it.</summary>
    /// <param name="without">Statistics of the releases of one input: [release][statistic].</param>
    /// <param name="with">The same of its neighbour.</param>
    /// <param name="delta">Delta of the claim.</param>
    public static EmpiricalEpsilon Measure(double[][] without, double[][] with, double delta)
    {
        ArgumentNullException.ThrowIfNull(without);
        ArgumentNullException.ThrowIfNull(with);
        var half = without.Length / 2;
        var best = Choose(without, with, half, delta, 2 * Deviations);
        if (best.Score <= 0)
        {
            // Nothing is to be seen with that much room.
            best = Choose(without, with, half, delta, Deviations);
        }

        var countA = Array.FindAll(Column(without, best.Statistic, half, without.Length), best.Event.Holds).Length;
        var countB = Array.FindAll(Column(with, best.Statistic, half, with.Length), best.Event.Holds).Length;
        return new(best.Statistic, best.Event.ToString()!, best.Swapped ? countA : countB, best.Swapped ? countB : countA, without.Length - half, delta);
    }

    /// <summary>What an attacker proves who knows the laws of both neighbours and looks at the best of these events, each seen exactly as often as expected.</summary>
    /// <param name="events">Chances of events here and in the neighbour; for a scalar with monotone likelihood ratio, all that an optimal (Neyman-Pearson) test uses.</param>
    /// <param name="trials">Releases of each input that are counted.</param>
    /// <param name="delta">Delta of the claim.</param>
    /// <param name="isSure">Whether both counts are taken 4.9 standard deviations to the bad side, so that the bound is reached but once in a million audits.</param>
    public static double Attainable(IEnumerable<(double Likely, double Unlikely)> events, int trials, double delta, bool isSure = false)
    {
        ArgumentNullException.ThrowIfNull(events);
        var best = 0.0;
        foreach (var (likely, unlikely) in events)
        {
            var found = new EmpiricalEpsilon(0, string.Empty, (int)Math.Floor(likely * trials), (int)Math.Ceiling(unlikely * trials), trials, delta);
            best = Math.Max(best, isSure ? found.LowerWithPower : found.Lower);
        }

        return best;
    }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"epsilon >= {Lower:F3} (statistic {Statistic} {Event}: {Likely} against {Unlikely} of {Trials})");

    private static (double Score, int Statistic, Candidate Event, bool Swapped) Choose(double[][] without, double[][] with, int half, double delta, double deviations)
    {
        var best = (Score: double.NegativeInfinity, Statistic: 0, Event: default(Candidate), Swapped: false);
        for (var s = 0; s < without[0].Length; s++)
        {
            var a = Column(without, s, 0, half);
            var b = Column(with, s, 0, half);
            foreach (var candidate in Candidates(a, b))
            {
                var (inA, inB) = (Array.FindAll(a, candidate.Holds).Length, Array.FindAll(b, candidate.Holds).Length);
                foreach (var swapped in new[] { false, true })
                {
                    var score = Score(swapped ? inA : inB, swapped ? inB : inA, half, delta, deviations);
                    if (score > best.Score)
                    {
                        best = (score, s, candidate, swapped);
                    }
                }
            }
        }

        return best;
    }

    private static double[] Column(double[][] rows, int statistic, int from, int to)
    {
        var column = new double[to - from];
        for (var i = 0; i < column.Length; i++)
        {
            column[i] = rows[from + i][statistic];
        }

        return column;
    }

    private static IEnumerable<Candidate> Candidates(double[] a, double[] b)
    {
        var pooled = a.Concat(b).ToArray();
        Array.Sort(pooled);
        var cuts = Enumerable.Range(1, Thresholds - 1).Select(i => pooled[i * pooled.Length / Thresholds]).Distinct();
        var common = pooled.GroupBy(x => x).Where(g => g.Count() >= pooled.Length / 100).OrderByDescending(g => g.Count()).Take(CommonValues).Select(g => g.Key);
        return cuts.SelectMany(c => new[] { new Candidate(Relation.AtLeast, c), new Candidate(Relation.Below, c) }).Concat(common.Select(c => new Candidate(Relation.Equal, c)));
    }

    /// <summary>The bound with Wilson's approximate proportions, to rank events quickly. Wide intervals leave the chosen event room for <see cref="LowerWithPower"/>.</summary>
    private static double Score(int likely, int unlikely, int trials, double delta, double deviations)
    {
        var (low, _) = Wilson(likely, trials, deviations);
        var (_, high) = Wilson(unlikely, trials, deviations);
        return low <= delta ? low - delta - 10 : Math.Log((low - delta) / high);
    }

    private static (double Low, double High) Wilson(int hits, int trials, double deviations)
    {
        var square = deviations * deviations;
        double p = (double)hits / trials;
        var middle = p + (square / (2 * trials));
        var width = deviations * Math.Sqrt((p * (1 - p) / trials) + (square / (4.0 * trials * trials)));
        return (Math.Max(0, (middle - width) / (1 + (square / trials))), (middle + width) / (1 + (square / trials)));
    }

    private double Bound(int likely, int unlikely)
    {
        var low = ClopperPearson.Lower(likely, Trials, FalseAlarm / 2) - Delta;
        return low <= 0 ? 0 : Math.Max(0, Math.Log(low / ClopperPearson.Upper(unlikely, Trials, FalseAlarm / 2)));
    }

    private enum Relation
    {
        AtLeast,
        Below,
        Equal,
    }

    private readonly record struct Candidate(Relation Relation, double Value)
    {
        public bool Holds(double x) => Relation switch
        {
            Relation.AtLeast => x >= Value,
            Relation.Below => x < Value,
            _ => x.Equals(Value),
        };

        public override string ToString() => FormattableString.Invariant($"{Relation} {Value:R}");
    }
}
